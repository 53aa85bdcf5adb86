// One field of the contract, to be typed or chosen.

import { fill, h, uniqueId } from "../../parts/dom.js";
import { currencySign, quantity } from "../../parts/format.js";
import { understood, written } from "./entry.js";

const AMOUNT = "currency"; // as a unit, the shop's own
const NOT_KNOWN = "Not known";

/** The unit beside a field's label; empty where the shop has no currency. */
export function unitOf(field) {
  return field.unit === AMOUNT ? currencySign() : (field.unit ?? "");
}

/** About a value with its unit: "21 days ago", "1 day ago". */
export function inUnit(field, value) {
  const unit = unitOf(field);
  const rounded = Math.abs(value) < 100 ? Number(value.toPrecision(3)) : Math.round(value);
  return `${quantity(rounded)} ${value === 1 ? unit.replace(/^(\w+)s\b/, "$1") : unit}`.trim();
}

/** Whether a field is of money. */
export const isAmount = (field) => field.unit === AMOUNT;

/**
 * A row of the form.
 *
 * @returns {element, value(), write(value), fault(text), isEmptyInFocus(), focus()}: `value` is a
 *   number, a text, null for what is not known, or NaN for a text that is no number.
 */
export function fieldRow(field) {
  const ids = { control: uniqueId(field.name), hint: uniqueId("hint"), fault: uniqueId("fault") };
  const control = field.options ? choice(field, ids.control) : entry(field, ids.control);
  const fault = h("p", { class: "fault", id: ids.fault, hidden: true });
  const element = h(
    "div",
    { class: `entry${field.text ? " wide" : ""}`, data: { field: field.name } },
    h(
      "label",
      { for: ids.control },
      field.label,
      " ",
      unitOf(field) ? h("span", { class: "unit" }, unitOf(field)) : null,
    ),
    control,
    h("p", { class: "entry-hint", id: ids.hint }, hintOf(field)),
    fault,
  );
  control.setAttribute("aria-describedby", `${ids.fault} ${ids.hint}`);
  // What was written into the field and what it stands for: a figure is shown rounded, and asked exactly.
  let shown = { text: "", value: null };

  function value() {
    const text = control.value.trim();
    if (text === shown.text) {
      return shown.value;
    }
    if (field.options || field.text) {
      return text || null;
    }
    return understood(text);
  }

  function write(next) {
    const isNumber = typeof next === "number" && Number.isFinite(next);
    if (next && field.options && !field.options.includes(next)) {
      control.append(h("option", { value: next }, next)); // from a link: to be seen, and refused
    }
    control.value = isNumber ? written(next, isAmount(field)) : (next ?? "");
    shown = {
      text: control.value.trim(),
      value: isNumber || field.options || field.text ? (next ?? null) : understood(control.value),
    };
  }

  // Once a field is left it shows how its number was understood.
  control.addEventListener("change", () => {
    const number = value();
    if (typeof number === "number" && Number.isFinite(number)) {
      write(number);
    }
  });

  return {
    element,
    value,
    write,
    fault(text) {
      fill(fault, text);
      fault.hidden = !text;
      control.setAttribute("aria-invalid", text ? "true" : "false");
    },
    isEmptyInFocus: () => document.activeElement === control && control.value.trim() === "",
    focus() {
      control.focus();
      control.select?.();
    },
  };
}

/** What a field means and what it may be, in a sentence or two. */
export function hintOf(field) {
  const bounds =
    field.minimum !== null && field.maximum !== null
      ? ` From ${quantity(field.minimum)} to ${quantity(field.maximum)}.`
      : "";
  return `${field.hint}${bounds}`;
}

function entry(field, id) {
  const numeric = !field.text;
  return h("input", {
    id,
    name: field.name,
    type: "text",
    inputmode: numeric ? "decimal" : null,
    class: numeric ? "number" : null,
    maxlength: field.maxLength,
    required: field.required,
    placeholder: field.required || !numeric ? null : NOT_KNOWN,
    autocomplete: "off",
    spellcheck: "false",
    data: numeric ? { minimum: field.minimum ?? "", maximum: field.maximum ?? "" } : {},
  });
}

function choice(field, id) {
  return h(
    "select",
    { id, name: field.name },
    h("option", { value: "" }, NOT_KNOWN),
    field.options.map((option) => h("option", { value: option }, option)),
  );
}
