// The words of the contract as they are shown: always as words, with a colour beside them.

import { h } from "./dom.js";

/** From the safest to the most urgent, as the API names them. */
export const RISKS = ["Low Risk", "Medium Risk", "High Risk", "Critical Risk"];

/** From the least to the most valuable. */
export const TIERS = ["Low Value", "Medium Value", "High Value", "Top Value"];

/** A risk category: "High" on its colour. */
export function riskTag(category) {
  return h(
    "span",
    { class: `tag risk-${RISKS.indexOf(category) + 1}` },
    h("span", { class: "dot", "aria-hidden": "true" }),
    category,
  );
}

/** A persona's name with its dot; segments are numbered from 0. */
export function personaName(id, name) {
  return h(
    "span",
    { class: `persona-name persona-${id}` },
    h("span", { class: "dot persona", "aria-hidden": "true" }),
    " ",
    name,
  );
}

/** A value tier. */
export function tierTag(tier) {
  return h("span", { class: "tag" }, tier);
}
