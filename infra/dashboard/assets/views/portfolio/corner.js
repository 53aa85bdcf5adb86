// Whom to save first: high or critical risk, and high or top value.

import { RISKS, TIERS } from "../../parts/tags.js";

const RISKY = RISKS.slice(2);
const VALUABLE = TIERS.slice(2);

/** Whether a customer, or a cell of risk_by_tier, is at high or critical risk. */
export function atRisk({ risk_category: risk }) {
  return RISKY.includes(risk);
}

function inCorner(cell) {
  return atRisk(cell) && VALUABLE.includes(cell.value_tier);
}

/**
 * The corner of a summary: {customers, value_at_risk, value, churn}; the last two are where it begins,
 * null where the model does not say.
 */
export function cornerOf(summary, model) {
  const cells = summary.risk_by_tier.filter(inCorner);
  const from = (rules, name) => rules?.find((rule) => rule.name === name)?.at_least ?? null;
  return {
    customers: cells.reduce((sum, cell) => sum + cell.customers, 0),
    value_at_risk: cells.reduce((sum, cell) => sum + cell.value_at_risk, 0),
    value: from(model?.value_tiers, VALUABLE[0]),
    churn: from(model?.risk_categories, RISKY[0]),
  };
}
