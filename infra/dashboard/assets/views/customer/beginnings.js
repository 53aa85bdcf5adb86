// Customers to start from: the shop's own who have most at stake, and the contract's examples.

import { fill, h, uniqueId } from "../../parts/dom.js";
import { money } from "../../parts/format.js";
import { recordOf } from "./latest.js";

const AT_MOST = 20;

/**
 * A choice of customers.
 *
 * @param examples Those of the contract.
 * @param chosen Called with the values of the one that was chosen.
 * @returns {element, offer(summary), reset()}: `offer` adds the customers of a run; `reset` says
 *   that the form is none of them any more.
 */
export function beginnings({ examples, chosen }) {
  const id = uniqueId("beginning");
  const prompt = h("option", { value: "" }, "Choose a customer…");
  const select = h("select", { id }, prompt);
  const records = new Map();

  function group(label, entries) {
    return h(
      "optgroup",
      { label },
      entries.map(([name, record]) => {
        const value = String(records.size);
        records.set(value, record);
        return h("option", { value }, name);
      }),
    );
  }

  select.append(
    group(
      "Examples",
      examples.map(({ summary, record }) => [summary, record]),
    ),
  );
  select.addEventListener("change", () => {
    if (records.has(select.value)) {
      chosen(records.get(select.value));
    }
  });

  return {
    element: h("div", { class: "field beginnings" }, h("label", { for: id }, "Start from"), select),
    offer({ top_customers: customers }) {
      const entries = customers.slice(0, AT_MOST).map((customer) => [nameOf(customer), recordOf(customer)]);
      if (entries.length) {
        fill(select, prompt, group("Yours with most at stake", entries), [...select.querySelectorAll("optgroup")]);
        select.value = "";
      }
    },
    reset() {
      select.value = "";
    },
  };
}

function nameOf({ customer_id: id, row, value_at_risk: atRisk, risk_category: risk }) {
  return `${id ?? `Row ${row}`}: ${money(atRisk)} at risk, ${risk}`;
}
