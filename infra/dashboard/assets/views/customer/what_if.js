// What would be, were a few figures others: dragged, answered live, and taken back with one button.

import { fill, h } from "../../parts/dom.js";
import { AT_RISK, moveOf, PROBABILITY, WORTH } from "./change.js";
import { SUPPOSED } from "./range.js";
import { slider } from "./slider.js";

/**
 * @param changed Called with what is supposed: {field name: value, or null for unknown}.
 * @returns {element, begin(record, changes), update({answer, start})}
 */
export function whatIf({ fields, changed }) {
  let changes = {};
  let record = {};
  const sliders = new Map(
    Object.keys(SUPPOSED).flatMap((name) => {
      const field = fields.find((each) => each.name === name);
      return field ? [[name, slider(field, (value) => moved(name, value))]] : [];
    }),
  );
  const sum = h("p", { class: "moves" });
  const back = h("button", { class: "button small", type: "button" }, "Back to start");
  const element = h(
    "section",
    { class: "panel what-if" },
    h("div", { class: "section-head" }, h("h2", {}, "What if?"), back),
    h(
      "p",
      { class: "what" },
      "Drag a figure, and the answers follow; all others stay as they are. They tell what to expect of a customer with such figures, not what a campaign will cause.",
    ),
    h(
      "div",
      { class: "sliders" },
      [...sliders.values()].map((each) => each.element),
    ),
    sum,
  );

  function moved(name, value) {
    const { [name]: _, ...others } = changes;
    changes = value === undefined ? others : { ...others, [name]: value };
    offerBack();
    changed(changes);
  }

  // Not disabled, which would take the focus from whoever has just pressed it.
  function offerBack() {
    back.setAttribute("aria-disabled", String(Object.keys(changes).length === 0));
  }

  function begin(next, supposed) {
    record = next;
    changes = Object.fromEntries(Object.entries(supposed).filter(([name]) => sliders.has(name)));
    sliders.forEach((each, name) => each.begin(record, changes[name]));
    offerBack();
  }

  back.addEventListener("click", () => {
    if (Object.keys(changes).length) {
      begin(record, {});
      changed(changes);
    }
  });

  return {
    element,
    begin,
    update({ answer, start }) {
      fill(sum, start ? inSum(start, answer) : "Nothing is moved: these are the answers as they are.");
    },
  };
}

function inSum(start, answer) {
  return [
    ["Chance of leaving", PROBABILITY, "churn_probability"],
    ["Value at risk", AT_RISK, "value_at_risk"],
    ["Lifetime value", WORTH, "customer_lifetime_value"],
  ].map(([name, kind, figure]) =>
    h("span", { class: "move" }, `${name} `, h("strong", {}, moveOf(kind, start[figure], answer[figure]))),
  );
}
