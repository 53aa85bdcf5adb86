// How likely a customer is to leave, and which facts make it so.

import { fill, h } from "../../parts/dom.js";
import { percent, points } from "../../parts/format.js";
import { gauge } from "./gauge.js";
import { ledger } from "./ledger.js";
import { churnSteps, ROWS } from "./steps.js";
import { figuresTable } from "./table.js";

/** @returns {element, update(answer)} */
export function churnPanel(categories) {
  const dial = gauge(categories);
  const steps = ledger("Reasons for the chance of leaving, strongest first", ROWS);
  const what = h("p", { class: "what" });
  const table = figuresTable("All reasons");
  const element = h(
    "section",
    { class: "panel churn" },
    h("h2", {}, "Will they leave, and why?"),
    what,
    h("div", { class: "dial-and-steps" }, dial.element, h("div", {}, steps.element, table.element)),
  );
  return {
    element,
    update(answer) {
      const { churn_probability: probability, horizon_days: days, base_rate: base, reasons } = answer;
      fill(
        what,
        `The chance that no purchase comes within ${days} days. Each fact moves it, up or down, from the ${percent(base, 1)} of a customer of whom nothing is known.`,
      );
      dial.update(probability, answer.risk_category);
      steps.update(churnSteps(answer));
      table.update({
        columns: ["Fact", "Moves the chance of leaving by"],
        rows: [
          ["A customer of whom nothing is known", percent(base, 2)],
          ...reasons.map(({ sentence, contribution }) => [sentence, points(contribution, 2)]),
          ["This customer", percent(probability, 2)],
        ],
      });
    },
  };
}
