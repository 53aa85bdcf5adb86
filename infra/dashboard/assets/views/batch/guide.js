// What a file may be, in a few lines, and one to begin with.

import { fill, h } from "../../parts/dom.js";
import { bytes, count } from "../../parts/format.js";
import { csv, save } from "../../parts/save.js";
import { endings, listed } from "./rules.js";

const EXAMPLE = "foretell-example.csv";

/** One line for the drop zone. */
export function kinds(rules) {
  return `CSV, JSON Lines or Parquet. Up to ${bytes(rules.largest)} each, as many as you like.`;
}

/** The panel beside the drop zone. */
export function guide({ fields, examples, upload }) {
  const needed = fields.filter((field) => field.required);
  return h(
    "aside",
    { class: "panel guide", "aria-labelledby": "guide" },
    h("h2", { id: "guide" }, "What a file may be"),
    h(
      "dl",
      {},
      h("dt", {}, "One row per customer"),
      h("dd", {}, "with ", codes(needed.map((field) => field.name)), ". More columns make a better answer; those that Foretell does not know pass through unchanged."),
      h("dt", {}, "Or one row per purchase"),
      h("dd", {}, "with ", codes(["customer_id", "timestamp", "amount"]), ": a plain log of orders. What is known of each customer is worked out from it first."),
      h("dt", {}, "As spreadsheets and databases write them"),
      h("dd", {}, `Names end in ${listed(endings(upload))}. What is inside decides, so commas, semicolons and decimal commas are all fine.`),
    ),
    h("p", { class: "actions" }, h("button", { class: "button", type: "button", on: { click: () => save(EXAMPLE, "text/csv", example(fields, examples)) } }, "Download an example")),
    columns(fields),
  );
}

/** The examples of the contract as a file. */
function example(fields, examples) {
  const names = fields.map((field) => field.name);
  return csv([names, ...examples.map(({ record }) => names.map((name) => record[name] ?? null))]);
}

function codes(names) {
  const all = names.map((name) => h("code", {}, name));
  return all.flatMap((code, place) => [place === 0 ? null : place === all.length - 1 ? " and " : ", ", code]);
}

function columns(fields) {
  const table = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "All columns" });
  const details = h("details", { class: "figures" }, h("summary", {}, "All columns of a customer"), table);
  details.addEventListener("toggle", () => fill(table, tableOf(fields)), { once: true });
  return details;
}

function tableOf(fields) {
  return h(
    "table",
    { class: "columns" },
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Column"), h("th", { scope: "col" }, "What it is"), h("th", { scope: "col" }, "May be"))),
    h("tbody", {}, fields.map((field) => h("tr", {}, h("th", { scope: "row" }, h("code", {}, field.name)), h("td", {}, field.hint), h("td", {}, bounds(field))))),
  );
}

function bounds(field) {
  const must = field.required ? "needed; " : "";
  if (field.options) {
    return must + listed(field.options);
  }
  return must + (field.text ? `up to ${field.maxLength} characters` : `${count(field.minimum)} to ${count(field.maximum)}`);
}
