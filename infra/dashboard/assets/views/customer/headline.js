// The answer in one look: what is at stake, and what to do.

import { fill, h } from "../../parts/dom.js";
import { money, percent } from "../../parts/format.js";
import { personaName, riskTag, tierTag } from "../../parts/tags.js";
import { AT_RISK, changeOf, PROBABILITY, WORTH } from "./change.js";

/**
 * @returns {element, figures, update({answer, start})}: `figures` are the part without the advice;
 *   `start` is the answer before the what-if, or null.
 */
export function headline() {
  const stake = figure("Value at risk", "at-risk");
  const churn = figure("Chance of leaving");
  const worth = figure("Lifetime value");
  const persona = figure("Persona", "kind");
  const actions = h("ol", { class: "to-do" });
  const figures = h("div", { class: "figures" }, stake.element, churn.element, worth.element, persona.element);
  const element = h(
    "section",
    { class: "panel headline", "aria-label": "The answer in short" },
    figures,
    h("div", { class: "advice" }, h("h2", {}, "What to do"), actions),
  );
  return {
    element,
    figures,
    update({ answer, start }) {
      const { interval, horizon_days: days } = answer;
      stake.update(
        money(answer.value_at_risk),
        null,
        change(AT_RISK, "value_at_risk") ?? "lifetime value × chance of leaving",
      );
      churn.update(
        percent(answer.churn_probability),
        riskTag(answer.risk_category),
        change(PROBABILITY, "churn_probability") ?? `no purchase within ${days} days`,
      );
      worth.update(
        money(answer.customer_lifetime_value),
        tierTag(answer.value_tier),
        change(WORTH, "customer_lifetime_value") ??
          `${percent(interval.coverage)} likely ${money(interval.low)} to ${money(interval.high)}`,
      );
      const moved = start && start.segment_name !== answer.segment_name;
      persona.update(
        personaName(answer.segment_id, answer.segment_name),
        null,
        moved ? h("span", { class: "moved-by" }, `was ${start.segment_name}`) : "the kind this one is most like",
      );
      fill(
        actions,
        answer.recommended_actions.map((action) => h("li", {}, action)),
      );

      function change(kind, name) {
        return start ? changeOf(kind, start[name], answer[name]) : null;
      }
    },
  };
}

function figure(name, kind = "") {
  const value = h("p", { class: "figure" });
  const tag = h("p", {});
  const note = h("p", { class: "figure-note" });
  return {
    element: h("div", { class: `told ${kind}` }, h("h2", { class: "figure-label" }, name), value, tag, note),
    update(shown, word, meaning) {
      fill(value, shown);
      fill(tag, word);
      tag.hidden = word === null;
      fill(note, meaning);
    },
  };
}
