// Which kind of customer somebody is, how typical of it, and what the others of the kind are like.

import { fill, h } from "../../parts/dom.js";
import { count, money, percent } from "../../parts/format.js";
import { personaName } from "../../parts/tags.js";
import { purchases } from "./record.js";

// Standard deviations. Of the simulated shop's customers a quarter are nearer to the middle of their
// persona than the first, a quarter farther than the second, and one in twenty farther than the third.
const NEARNESS = [
  [0.7, "A textbook case", "most members are less typical than this customer."],
  [1.15, "Typical", "about as near to the middle of this persona as most members."],
  [1.6, "Not quite typical", "farther from the middle of this persona than most members."],
  [Infinity, "Unusual", "few members are as far from the middle: read the persona with care."],
];

/** @returns {element, update(answer, record)}; `personas` are those of the model. */
export function personaPanel(personas) {
  const name = h("p", { class: "figure persona-figure" });
  const description = h("p", {});
  const nearness = h("p", { class: "nearness" });
  const head = h("tr", {});
  const body = h("tbody", {});
  const note = h("p", { class: "figure-note" });
  const element = h(
    "section",
    { class: "panel persona" },
    h("h2", {}, "What kind of customer is it?"),
    h(
      "div",
      { class: "pair" },
      h("div", { class: "persona-words" }, name, description, nearness),
      h("div", {}, h("div", { class: "scroll" }, h("table", { class: "compared" }, h("thead", {}, head), body)), note),
    ),
  );
  return {
    element,
    update(answer, record) {
      const persona = personas.find(({ segment_id: id }) => id === answer.segment_id);
      const [, word, meaning] = NEARNESS.find(([within]) => answer.distance_to_center < within);
      fill(name, personaName(answer.segment_id, answer.segment_name));
      fill(description, persona?.description);
      fill(nearness, h("strong", {}, word), `: ${meaning}`);
      fill(
        head,
        ["", "This customer", "Typical member"].map((text) => (text ? h("th", { scope: "col" }, text) : h("td", {}))),
      );
      fill(body, persona ? compared(answer, record, persona.members).map(rowOf) : null);
      fill(
        note,
        persona
          ? `${percent(persona.members.share)} of the customers whom the model learnt from are of this kind.`
          : null,
      );
    },
  };
}

function compared(answer, record, { median, ...members }) {
  return [
    ["Days since the last purchase", count(record.recency), count(median.recency)],
    ["Days since the first", count(record.tenure_days), count(median.tenure_days)],
    ["Purchases", count(purchases(record)), count(median.purchases)],
    ["Total spend", money(record.monetary), money(median.monetary)],
    ["Lifetime value", money(answer.customer_lifetime_value), money(members.customer_lifetime_value)],
    ["Chance of leaving", percent(answer.churn_probability), percent(members.churn_probability)],
  ];
}

function rowOf([name, ...values]) {
  return h(
    "tr",
    {},
    h("th", { scope: "row" }, name),
    values.map((value) => h("td", { class: "number" }, value)),
  );
}
