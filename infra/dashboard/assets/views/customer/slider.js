// One figure to be dragged, with where it began.

import { fill, h, hidden, uniqueId } from "../../parts/dom.js";
import { money } from "../../parts/format.js";
import { inUnit, isAmount } from "./field.js";
import { rangeOf } from "./range.js";

const UNKNOWN = "Not known";

/**
 * A slider for a field of the contract; one that is optional can be unknown.
 *
 * @param moved (value) => …: called while it is dragged; undefined when it is back at the start, null
 *   when it is to be unknown.
 * @returns {element, begin(record, supposed)}: `supposed` as `moved` tells it.
 */
export function slider(field, moved) {
  const ids = { input: uniqueId("suppose"), unknown: uniqueId("unknown") };
  const input = h("input", { id: ids.input, type: "range", min: 0, step: 1 });
  const told = h("output", { for: ids.input });
  const began = h("span", { class: "began", "aria-hidden": "true" });
  const unknown = field.required ? null : h("input", { id: ids.unknown, type: "checkbox" });
  const element = h(
    "div",
    { class: "slider", data: { field: field.name } },
    h("label", { for: ids.input }, field.label),
    unknown
      ? h("label", { class: "unset", for: ids.unknown }, unknown, " Not known", hidden(`: ${field.label}`))
      : null,
    told,
    h("div", { class: "rail" }, began, input),
  );
  let own = null;
  let range = null;

  function tell(value) {
    const text = value === null ? UNKNOWN : inWords(field, value);
    fill(told, text);
    input.setAttribute("aria-valuetext", value === own && own !== null ? `${text}, as it is` : text);
    element.classList.toggle("moved", value !== own);
    element.classList.toggle("unknown", value === null);
    input.style.setProperty("--filled", share(Number(input.value)));
  }

  function change(value) {
    tell(value);
    moved(value === own ? undefined : value);
  }

  function share(step) {
    return range.steps === 0 ? 0 : step / range.steps;
  }

  input.addEventListener("input", () => {
    if (unknown) {
      unknown.checked = false;
    }
    change(range.valueAt(Number(input.value)));
  });
  unknown?.addEventListener("change", () => change(unknown.checked ? null : range.valueAt(Number(input.value))));

  return {
    element,
    begin(record, supposed) {
      own = record[field.name] ?? null;
      range = rangeOf(field, own, record);
      const value = supposed === undefined ? own : supposed;
      input.max = range.steps;
      input.value = range.stepOf(value ?? own ?? 0);
      input.disabled = range.steps === 0;
      began.hidden = own === null;
      began.style.setProperty("--at", share(range.stepOf(own ?? 0)));
      if (unknown) {
        unknown.checked = value === null;
      }
      tell(value);
    },
  };
}

function inWords(field, value) {
  return isAmount(field) ? money(value) : inUnit(field, value);
}
