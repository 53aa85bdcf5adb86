// The five personas: how many, what they bring, what may be lost, what to do about them.

import { h } from "../../parts/dom.js";
import { count, money, percent, points, shortMoney } from "../../parts/format.js";
import { personaName } from "../../parts/tags.js";

/**
 * @param summary Of the run that is shown.
 * @param before The summary it is compared with, or null.
 * @param choose (persona name) => …: shows the list of these customers.
 */
export function personaCards(summary, before, choose) {
  const old = new Map(before?.personas.map((persona) => [persona.name, persona]));
  const present = summary.personas.filter((persona) => persona.customers > 0);
  const absent = summary.personas.filter((persona) => persona.customers === 0);
  return h(
    "div",
    {},
    strips(present),
    h(
      "div",
      { class: "grid cards personas" },
      present.map((persona) => card(persona, old.get(persona.name), choose)),
    ),
    absent.length
      ? h("p", { class: "figure-note" }, `Nobody in this file: ${absent.map((persona) => persona.name).join(", ")}.`)
      : null,
  );
}

const STRIPS = [
  ["Customers", "share"],
  ["Lifetime value", "share_of_value"],
  ["Value at risk", "share_of_value_at_risk"],
];

/** The same five shares of three things, one above the other: who is many, and who matters. */
function strips(personas) {
  return h(
    "div",
    { class: "strips", "aria-hidden": "true" },
    STRIPS.map(([label, key]) => [
      h("span", { class: "strip-label" }, label),
      h(
        "span",
        { class: "strip" },
        personas
          .filter((persona) => persona[key] > 0)
          .map((persona) =>
            h(
              "span",
              {
                class: `persona-${persona.segment_id}`,
                style: { "flex-grow": persona[key].toFixed(4) },
                title: `${persona.name}: ${percent(persona[key])}`,
              },
              persona[key] >= 0.06 ? percent(persona[key]) : "",
            ),
          ),
      ),
    ]),
  );
}

function card(persona, old, choose) {
  return h(
    "article",
    { class: `panel persona-card persona-${persona.segment_id}` },
    h("h3", {}, personaName(persona.segment_id, persona.name)),
    h("p", { class: "what" }, persona.description),
    h(
      "p",
      { class: "persona-share" },
      h("span", { class: "figure" }, percent(persona.share)),
      h("span", { class: "figure-note" }, ` of the customers · ${count(persona.customers)}${since(persona, old)}`),
    ),
    h(
      "dl",
      { class: "facts" },
      fact("Lifetime value each", money(persona.average_customer_lifetime_value)),
      fact("Chance of leaving", percent(persona.average_churn_probability)),
      fact("Value at risk", shortMoney(persona.value_at_risk)),
    ),
    h("h4", {}, "What to do"),
    h(
      "ul",
      { class: "persona-actions" },
      persona.recommended_actions.map((action) => h("li", {}, action)),
    ),
    h(
      "button",
      { class: "button small", type: "button", on: { click: () => choose(persona.name) } },
      "Those with most at stake",
      h("span", { class: "visually-hidden" }, ` among ${persona.name}`),
    ),
  );
}

function since(persona, old) {
  return old ? ` (${points(persona.share - old.share)})` : "";
}

function fact(label, value) {
  return h("div", {}, h("dt", {}, label), h("dd", {}, value));
}
