// All that is said of one customer; made once and changed in place, so that nothing jumps.

import { fill, h } from "../../parts/dom.js";
import { money, percent } from "../../parts/format.js";
import { skeleton } from "../../parts/states.js";
import { churnPanel } from "./churn.js";
import { headline } from "./headline.js";
import { personaPanel } from "./persona.js";
import { valuePanel } from "./value.js";

/**
 * @param model GET /model's answer.
 * @param whatIf The what-if's element: it stands among the answers.
 * @param left Calls what it is given when the view is left.
 * @returns {element, update({answer, start}, record), waiting(), old(), instead(node), compare(summary, why)}
 */
export function answers({ model, whatIf, left }) {
  const head = headline();
  const churn = churnPanel(model.risk_categories);
  const value = valuePanel(left);
  const persona = personaPanel(model.personas);
  const bar = summaryBar();
  const element = h("div", { class: "answers" }, skeleton("The answer", "row", "tall"));
  let filled = false;

  return {
    element,
    update(told, record) {
      head.update(told);
      churn.update(told.answer);
      value.update(told.answer);
      persona.update(told.answer, record);
      bar.update(told.answer);
      if (!filled) {
        fill(element, head.element, whatIf, churn.element, value.element, persona.element, bar.element);
        left(bar.standFor(head.figures));
        filled = true;
      }
      element.classList.remove("waiting", "old");
      element.setAttribute("aria-busy", "false");
    },
    /** A newer answer is on its way: the last one stays, greyed when it takes a moment. */
    waiting() {
      element.classList.add("waiting");
      element.setAttribute("aria-busy", "true");
    },
    /** What is shown is of figures before; whether anything is shown at all. */
    old() {
      element.classList.remove("waiting");
      element.classList.add("old");
      element.setAttribute("aria-busy", "false");
      return filled;
    },
    /** A message where no answer was ever shown. */
    instead(node) {
      fill(element, node);
      element.classList.remove("old");
    },
    compare: value.compare,
  };
}

const HALF = 0.5;

/** The answer that stays in sight on a telephone; it repeats the headline, so is read to nobody. */
function summaryBar() {
  const element = h("div", { class: "summary-bar", "aria-hidden": "true" });
  return {
    element,
    /** Shows itself while what it repeats is out of sight; returns how to end that. */
    standFor(original) {
      const seen = ([entry]) => element.classList.toggle("spare", entry.intersectionRatio >= HALF);
      const sight = new IntersectionObserver(seen, { threshold: HALF });
      sight.observe(original);
      return () => sight.disconnect();
    },
    update({ value_at_risk: atRisk, churn_probability: churn, customer_lifetime_value: worth }) {
      const figure = (name, value) => h("span", {}, name, " ", h("strong", {}, value));
      fill(element, figure("At risk", money(atRisk)), figure("Leaving", percent(churn)), figure("Worth", money(worth)));
    },
  };
}
