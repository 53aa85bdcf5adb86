// What is known of a customer, typed in.

import { fill, h, uniqueId } from "../../parts/dom.js";
import { inWords } from "./checks.js";
import { fieldRow, hintOf } from "./field.js";

const REST = "Point at a field to read what it means.";

/**
 * The form.
 *
 * @param fields Those of the contract.
 * @param beginnings What stands above the fields: where to start from.
 * @param changed Called whenever somebody typed or chose.
 * @returns {element, values(), write(values), faults({name: text}), isFaulty(), focus(name), unfold()}
 */
export function recordForm({ fields, beginnings, changed }) {
  const told = fields.map((field) => ({ ...field, hint: inWords(field.hint, fields) }));
  const ordered = [...told.filter(({ isId }) => isId), ...told.filter(({ isId }) => !isId)];
  const rows = new Map(ordered.map((field) => [field.name, fieldRow(field)]));
  const part = (name, chosen) =>
    h(
      "fieldset",
      {},
      h("legend", {}, name),
      chosen.map((field) => rows.get(field.name).element),
    );
  const hint = h("p", { class: "form-hint", "aria-hidden": "true" }, REST);
  const id = uniqueId("record");
  const body = h(
    "form",
    { id, class: "record", novalidate: true, autocomplete: "off" },
    ordered.filter(({ isId }) => isId).map((field) => rows.get(field.name).element),
    part(
      "Needed",
      ordered.filter(({ required }) => required),
    ),
    part(
      "If known",
      ordered.filter(({ required, isId }) => !required && !isId),
    ),
    hint,
  );
  const fold = h(
    "button",
    { class: "button small fold", type: "button", "aria-expanded": "false", "aria-controls": id },
    "Edit figures",
  );
  const element = h(
    "section",
    { class: "panel inputs folded", "aria-label": "Figures of the customer" },
    h("div", { class: "inputs-head" }, h("h2", {}, "What is known"), fold),
    beginnings,
    body,
  );

  let faulty = false;

  function folded(yes) {
    element.classList.toggle("folded", yes);
    fold.setAttribute("aria-expanded", String(!yes));
    fill(fold, yes ? "Edit figures" : "Hide figures");
  }

  fold.addEventListener("click", () => folded(!element.classList.contains("folded")));
  body.addEventListener("input", changed);
  // "change" also tells of a field that is left: what was forgiven while typing is told then.
  body.addEventListener("change", changed);
  body.addEventListener("submit", (event) => event.preventDefault());
  body.addEventListener("focusin", (event) => fill(hint, hintFor(event.target, ordered)));
  body.addEventListener("focusout", () => fill(hint, REST));

  return {
    element,
    values: () => Object.fromEntries([...rows].map(([name, row]) => [name, row.value()])),
    write: (values) => rows.forEach((row, name) => row.write(values[name] ?? null)),
    /** Shows faults at their fields, and gives the names of those: who is about to type is let be. */
    faults(found) {
      const told = [...rows].filter(([name, row]) => found[name] && !row.isEmptyInFocus()).map(([name]) => name);
      rows.forEach((row, name) => row.fault(told.includes(name) ? found[name] : null));
      faulty = Object.keys(found).length > 0;
      return told;
    },
    isFaulty: () => faulty,
    focus(name) {
      folded(false);
      rows.get(name).focus();
    },
    unfold: () => folded(false),
  };
}

function hintFor(control, fields) {
  const field = fields.find(({ name }) => name === control.name);
  return field ? [h("strong", {}, field.label), ` ${hintOf(field)}`] : REST;
}
