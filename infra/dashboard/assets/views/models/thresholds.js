// What the words stand for: tiers of value and categories of risk.

import { h } from "../../parts/dom.js";
import { counted, money, percent } from "../../parts/format.js";
import { riskTag, tierTag } from "../../parts/tags.js";

/** The section. */
export function thresholds({ value_tiers: tiers, risk_categories: risks, horizon_days: horizon }) {
  return h(
    "section",
    { class: "section" },
    h("h2", {}, "What the words mean"),
    h(
      "div",
      { class: "grid two" },
      panel(
        "Risk",
        `By the probability of buying nothing in the next ${counted(horizon, "day")}. The limits are the shop's choice when it trains.`,
        risks.map(({ name }, place) => [riskTag(name), limits(risks, place, (value) => percent(value))]),
      ),
      panel(
        "Value",
        `By what a customer is expected to spend in the next ${counted(horizon, "day")}. The limits come from the customers that the model learnt from, so they move with each training.`,
        tiers.map(({ name }, place) => [tierTag(name), limits(tiers, place, money)]),
      ),
    ),
  );
}

function panel(heading, meaning, rows) {
  return h(
    "article",
    { class: "panel" },
    h("h3", {}, heading),
    h("p", { class: "what" }, meaning),
    h(
      "dl",
      { class: "limits" },
      rows.map(([term, meant]) => h("div", {}, h("dt", {}, term), h("dd", {}, meant))),
    ),
  );
}

function limits(rules, place, write) {
  const next = rules[place + 1];
  if (place === 0) {
    return next ? `under ${write(next.at_least)}` : "everybody";
  }
  return next
    ? `${write(rules[place].at_least)} to under ${write(next.at_least)}`
    : `${write(rules[place].at_least)} or more`;
}
