// What a file may be, in a few lines, and one to begin with.

import { fill, h } from "../../parts/dom.js";
import { bytes, count } from "../../parts/format.js";
import { csv, save } from "../../parts/save.js";
import { endings, listed } from "./rules.js";

const MORE = ". More columns make a better answer; those that Foretell does not know pass through unchanged.";
const LOG = ": a plain log of orders. What is known of each customer is worked out from it first.";
const INSIDE = "What is inside decides, so commas, semicolons and decimal commas are all fine.";
const EXAMPLE = "foretell-example.csv";

/** One line for the drop zone. */
export function kinds(rules) {
  return `CSV, JSON Lines or Parquet. Up to ${bytes(rules.largest)} each, as many as you like.`;
}

/** The panel beside the drop zone. */
export function guide({ fields, examples, upload }) {
  const needed = fields.filter((field) => field.required);
  const download = () => save(EXAMPLE, "text/csv", example(fields, examples));
  return h(
    "aside",
    { class: "panel guide", "aria-labelledby": "guide" },
    h("h2", { id: "guide" }, "What a file may be"),
    h(
      "dl",
      {},
      h("dt", {}, "One row per customer"),
      h("dd", {}, "with ", codes(needed.map((field) => field.name)), MORE),
      h("dt", {}, "Or one row per purchase"),
      h("dd", {}, "with ", codes(["customer_id", "timestamp", "amount"]), LOG),
      h("dt", {}, "As spreadsheets and databases write them"),
      h("dd", {}, `Names end in ${listed(endings(upload))}. ${INSIDE}`),
    ),
    h(
      "p",
      { class: "actions" },
      h("button", { class: "button", type: "button", on: { click: download } }, "Download an example"),
    ),
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
  const row = (field) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, h("code", {}, field.name)),
      h("td", {}, field.hint),
      h("td", {}, bounds(field)),
    );
  return h(
    "table",
    { class: "columns" },
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        ["Column", "What it is", "May be"].map((name) => h("th", { scope: "col" }, name)),
      ),
    ),
    h("tbody", {}, fields.map(row)),
  );
}

function bounds(field) {
  const must = field.required ? "needed; " : "";
  if (field.options) {
    return must + listed(field.options);
  }
  return (
    must + (field.text ? `up to ${field.maxLength} characters` : `${count(field.minimum)} to ${count(field.maximum)}`)
  );
}
