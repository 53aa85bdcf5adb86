// The listed customers as a table for a spreadsheet: figures as they are, under the contract's names.

import { points } from "../../parts/format.js";

const FIELDS = [
  "customer_id",
  "row",
  "value_at_risk",
  "customer_lifetime_value",
  "churn_probability",
  "risk_category",
  "value_tier",
  "segment_name",
];
const BOUNDS = ["low", "median", "high"];

/** Rows of cells, the first being the names of the columns. */
export function exported(customers) {
  const asked = customers.length ? Object.keys(customers[0].record) : [];
  const header = [...FIELDS, ...BOUNDS.map((bound) => `interval_${bound}`), "reasons", "recommended_actions", ...asked];
  return [header, ...customers.map((customer) => cells(customer, asked))];
}

function cells(customer, asked) {
  return [
    ...FIELDS.map((field) => customer[field]),
    ...BOUNDS.map((bound) => customer.interval[bound]),
    customer.reasons.map((reason) => `${reason.sentence} (${points(reason.contribution)})`).join("; "),
    customer.recommended_actions.join("; "),
    ...asked.map((field) => customer.record[field]),
  ];
}
