// The list of customers: filtered, sorted, exported; each leads to the customer's own view.

import { announce } from "../../parts/announce.js";
import { fill, h, hidden, uniqueId } from "../../parts/dom.js";
import { count, counted, money, percent } from "../../parts/format.js";
import { csv, save } from "../../parts/save.js";
import { RISKS, TIERS, personaName, riskTag } from "../../parts/tags.js";
import { address } from "../../router.js";
import { exported } from "./export.js";
import { EVERYBODY, nameOf, selected, sortedBy } from "./selection.js";
import { reasonsToGo } from "./why.js";

const FIRST = 10;
const MORE = 40;

/**
 * @param summary Of the run that is shown.
 * @param choice What is chosen at first (selection.js).
 * @param changed (choice) => …: told of every change.
 * @returns {element, choose(changes)}
 */
export function customerList(summary, choice, changed) {
  const customers = summary.top_customers;
  const shownOf = h("p", { class: "shown-of", role: "status" });
  const body = h("tbody", {});
  const head = h("thead", {});
  const below = h("div", { class: "actions list-more" });
  const controls = filters(summary, (changes) => choose(changes));
  let limit = FIRST;

  function choose(changes, { quiet = false } = {}) {
    choice = { ...choice, ...changes };
    limit = FIRST;
    show();
    if (!quiet) {
      changed(choice);
    }
  }

  function show() {
    const found = selected(customers, choice);
    controls.show(choice);
    fill(
      head,
      headings(choice, (column) => choose(sortedBy(choice, column))),
    );
    fill(body, found.slice(0, limit).map(row), found.length ? null : nobody(() => choose(EVERYBODY)));
    fill(shownOf, told(found.length, summary));
    fill(below, more(found), exportButton(found));
  }

  function more(found) {
    if (found.length <= limit) {
      return null;
    }
    const next = Math.min(MORE, found.length - limit);
    const grow = () => {
      const from = limit;
      limit += next;
      show();
      body.rows[from]?.querySelector("a")?.focus();
      announce(`${counted(next, "more customer")} shown`);
    };
    return h("button", { class: "button", type: "button", on: { click: grow } }, `Show ${count(next)} more`);
  }

  function exportButton(found) {
    const download = () => save("foretell-customers.csv", "text/csv;charset=utf-8", csv(exported(found)));
    return h(
      "button",
      { class: "button", type: "button", disabled: found.length === 0, on: { click: download } },
      `Export ${counted(found.length, "customer")} as CSV`,
    );
  }

  show();
  const element = h(
    "div",
    { class: "panel customer-list" },
    controls.element,
    shownOf,
    h(
      "table",
      { class: "customers" },
      h("caption", { class: "visually-hidden" }, "Customers with most value at risk"),
      head,
      body,
    ),
    below,
  );
  return { element, choose };
}

const COLUMNS = [
  ["customer_id", "Customer"],
  ["value_at_risk", "At risk", "number"],
  ["customer_lifetime_value", "Lifetime value", "number"],
  ["churn_probability", "Chance of leaving"],
  ["segment_name", "Persona"],
  [null, "Why"],
  [null, "What to do"],
];

function headings(choice, sort) {
  return h(
    "tr",
    {},
    COLUMNS.map(([column, label, kind]) => {
      if (column === null) {
        return h("th", { scope: "col" }, label);
      }
      const active = choice.sort === column;
      const arrow = active ? (choice.order === "ascending" ? "↑" : "↓") : "";
      return h(
        "th",
        { scope: "col", class: kind ?? null, "aria-sort": active ? choice.order : null },
        h(
          "button",
          { class: "sort", type: "button", on: { click: () => sort(column) } },
          label,
          h("span", { class: "sort-arrow", "aria-hidden": "true" }, arrow),
        ),
      );
    }),
  );
}

function row(customer) {
  const { interval } = customer;
  const name = nameOf(customer);
  const open = address("customer", { customer_id: customer.customer_id, ...customer.record });
  const [action] = customer.recommended_actions;
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, h("a", { class: "row-link", href: open }, name, hidden(": open"))),
    h("td", { class: "number strong", data: { label: "At risk" } }, money(customer.value_at_risk)),
    h(
      "td",
      { class: "number", data: { label: "Lifetime value" } },
      money(customer.customer_lifetime_value),
      h("span", { class: "range" }, `${money(interval.low)} – ${money(interval.high)}`),
    ),
    h(
      "td",
      { class: "risk", data: { label: "Chance of leaving" } },
      h("span", { class: "risk-share" }, percent(customer.churn_probability)),
      " ",
      riskTag(customer.risk_category),
    ),
    h("td", { data: { label: "Persona" } }, personaName(customer.segment_id, customer.segment_name)),
    h("td", { class: "why", data: { label: "Why" } }, reasonsToGo(customer)),
    h("td", { class: "do", data: { label: "What to do" } }, action),
  );
}

function nobody(reset) {
  return h(
    "tr",
    { class: "nobody" },
    h(
      "td",
      { colspan: COLUMNS.length },
      "No listed customer fits these filters. ",
      h("button", { class: "button small", type: "button", on: { click: reset } }, "Show all"),
    ),
  );
}

function told(found, { run_id: run, top_customers: listed, predicted }) {
  const all =
    listed.length < predicted
      ? `the ${count(listed.length)} with most value at risk, of ${count(predicted)} in all`
      : `${count(predicted)} in all`;
  return [
    `${counted(found, "customer")} of ${all}. `,
    h("a", { href: address("batch", { run }) }, "All of them are in the file of predictions"),
    ".",
  ];
}

/** The controls above the list; `show` sets them to a choice. */
function filters(summary, choose) {
  const personas = summary.personas.filter((persona) => persona.customers > 0).map((persona) => persona.name);
  const atRisk = h("input", {
    type: "checkbox",
    on: { change: (event) => choose({ at_risk: event.target.checked ? "yes" : "no" }) },
  });
  const search = h("input", {
    type: "search",
    placeholder: "Any",
    autocomplete: "off",
    on: { input: (event) => choose({ search: event.target.value }) },
  });
  const selects = {
    persona: select("Any persona", personas, (persona) => choose({ persona })),
    risk: select("Any risk", RISKS, (risk) => choose({ risk })),
    tier: select("Any value", TIERS, (tier) => choose({ tier })),
  };
  const element = h(
    "div",
    { class: "filters", role: "search", "aria-label": "Filter the customers" },
    h("label", { class: "check" }, atRisk, "At high or critical risk"),
    labelled("Persona", selects.persona),
    labelled("Risk", selects.risk),
    labelled("Value", selects.tier),
    labelled("Customer", search),
  );
  function show(choice) {
    atRisk.checked = choice.at_risk === "yes";
    for (const [name, control] of Object.entries(selects)) {
      control.value = choice[name];
    }
    if (search.value !== choice.search) {
      search.value = choice.search;
    }
  }
  return { element, show };
}

function select(any, names, choose) {
  return h(
    "select",
    { on: { change: (event) => choose(event.target.value) } },
    h("option", { value: "" }, any),
    names.map((name) => h("option", { value: name }, name)),
  );
}

function labelled(text, control) {
  control.id = uniqueId("filter");
  return h("div", { class: "filter" }, h("label", { for: control.id }, text), control);
}
