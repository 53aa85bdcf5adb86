// Which of the listed customers are shown, and in which order.

import { atRisk } from "./corner.js";

/** What can be chosen, as the address has it; everything is text. */
export const EVERYBODY = Object.freeze({
  at_risk: "no",
  persona: "",
  risk: "",
  tier: "",
  search: "",
  sort: "value_at_risk",
  order: "descending",
});

/** Columns that can be sorted by, and which way is tried first. */
export const SORTS = {
  customer_id: "ascending",
  value_at_risk: "descending",
  customer_lifetime_value: "descending",
  churn_probability: "descending",
  segment_name: "ascending",
};

/** The customers of a choice, in its order. */
export function selected(customers, choice) {
  return customers.filter((customer) => fits(customer, choice)).sort(by(choice));
}

/** The choice that an address holds; what it does not hold, or wrongly, is as in `otherwise`. */
export function choiceIn(parameters, otherwise) {
  const given = Object.keys(EVERYBODY).flatMap((key) => (parameters.has(key) ? [[key, parameters.get(key)]] : []));
  const choice = { ...otherwise, ...Object.fromEntries(given) };
  if (!Object.hasOwn(SORTS, choice.sort)) {
    choice.sort = EVERYBODY.sort;
  }
  return choice;
}

/** What of a choice has to stand in the address: what is not as in `otherwise`. */
export function toRemember(choice, otherwise) {
  return Object.fromEntries(Object.entries(choice).filter(([key, value]) => value !== otherwise[key]));
}

/** A column was chosen to sort by: the other way round where it was already. */
export function sortedBy(choice, column) {
  const again = choice.sort === column;
  const other = choice.order === "ascending" ? "descending" : "ascending";
  return { ...choice, sort: column, order: again ? other : SORTS[column] };
}

function fits(customer, { at_risk: only, persona, risk, tier, search }) {
  return (
    (only !== "yes" || atRisk(customer)) &&
    (persona === "" || customer.segment_name === persona) &&
    (risk === "" || customer.risk_category === risk) &&
    (tier === "" || customer.value_tier === tier) &&
    (search === "" || nameOf(customer).toLowerCase().includes(search.trim().toLowerCase()))
  );
}

/** How a customer is called: by id, or by the row of the file. */
export function nameOf({ customer_id: id, row }) {
  return id ?? `row ${row}`;
}

function by({ sort, order }) {
  const way = order === "ascending" ? 1 : -1;
  const value = sort === "customer_id" ? nameOf : (customer) => customer[sort];
  return (one, other) => {
    const [a, b] = [value(one), value(other)];
    const compared = typeof a === "string" ? a.localeCompare(b, undefined, { numeric: true }) : a - b;
    // Those who are equal stay in the order of what is at stake.
    return compared * way || other.value_at_risk - one.value_at_risk || one.row - other.row;
  };
}
