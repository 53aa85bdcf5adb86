// Why customers leave: what the fields of the record did to the probabilities of those at risk.

import { h, hidden } from "../../parts/dom.js";
import { count, counted, percent, points } from "../../parts/format.js";

const SHOWN = 6;

/**
 * @param reasons Of the summary.
 * @param labels {field name: label} of the contract.
 */
export function whyTheyLeave(reasons, labels) {
  if (reasons.fields.length === 0) {
    return h("p", { class: "what" }, "Nobody is at high or critical risk.");
  }
  const ranked = [...reasons.fields].sort((a, b) => b.mean_contribution - a.mean_contribution);
  const most = Math.max(...ranked.map((field) => Math.abs(field.mean_contribution)), 1e-9);
  const [shown, rest] = [ranked.slice(0, SHOWN), ranked.slice(SHOWN)];
  return h(
    "div",
    {},
    h(
      "ul",
      { class: "leaving" },
      shown.map((field) => bar(labels[field.name] ?? field.name, field, most)),
    ),
    rest.length ? h("p", { class: "figure-note" }, told(rest, labels)) : null,
    h("p", { class: "figure-note" }, sampled(reasons)),
  );
}

function bar(label, { mean_contribution: mean, strongest_share: strongest }, most) {
  const way = mean >= 0 ? "raises" : "lowers";
  return h(
    "li",
    {},
    h("span", { class: "leaving-name" }, label),
    h("span", { class: "leaving-points" }, points(mean), hidden(` on the probability to leave`)),
    h(
      "span",
      { class: `leaving-bar ${way}`, "aria-hidden": "true" },
      h("i", { style: { width: `${((100 * Math.abs(mean)) / most).toFixed(1)}%` } }),
    ),
    h("span", { class: "leaving-share" }, strongest >= 0.005 ? `strongest reason for ${percent(strongest)}` : ""),
  );
}

function told(fields, labels) {
  const names = fields.map((field) => (labels[field.name] ?? field.name).toLowerCase());
  return `Less than these: ${names.join(", ")}.`;
}

function sampled({ customers_at_risk: all, sampled: some }) {
  const of = some === all ? `all of ${counted(all, "customer")}` : `${count(some)} of the ${count(all)} customers`;
  return `Mean effect on the probability to leave, in percentage points, over ${of} at high or critical risk. Exact for the model; what moved the model need not be what moved the customer.`;
}
