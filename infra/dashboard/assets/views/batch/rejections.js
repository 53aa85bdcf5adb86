// Why rows were refused: each kind of fault, how often, and a row to look at.

import { fill, h } from "../../parts/dom.js";
import { count, counted } from "../../parts/format.js";
import { leftOut } from "./left_out.js";
import { reasonInWords } from "./words.js";

const SHOWN = 8;

/** The section about refused rows; null where there are none. */
export function rejections({ status, summary, links }, { signal }) {
  if (status.rejected === 0) {
    return null;
  }
  const log = status.content === "transactions";
  const body = h("div", {});
  const kinds = summary?.rejections ?? [];
  if (kinds.length) {
    fill(body, h("p", { class: "figure-note" }, explanation(status)), tables(kinds), beyond(summary));
  } else {
    // The summary of a log is of its customers, whom nothing is wrong with.
    fill(body, h("p", { class: "figure-note" }, DOWNLOAD));
    leftOut(links.rejected, signal)
      .then((found) => fill(body, h("p", { class: "figure-note" }, extent(found)), tables(found.kinds)))
      .catch(() => {}); // the download says the same
  }
  return h(
    "div",
    { class: "rejections" },
    h("h3", {}, log ? "Why purchases were left out" : "Why rows were refused"),
    body,
  );
}

const DOWNLOAD = "The download has each of them, with its row and the reason.";
const NUMBERS = "Row 1 is the first line of the file, so the numbers are those of your spreadsheet.";

function explanation({ rows, rejected }) {
  const rest = rejected < rows ? "The other rows were scored all the same. " : "";
  return `${rest}A row may have several faults. ${NUMBERS}`;
}

function extent({ rows, whole }) {
  return `The others were used. ${whole ? "" : `Counted in the first ${count(rows)} of them. `}${NUMBERS}`;
}

function beyond({ faults_left_out: faults }) {
  const told = `${counted(faults, "fault")} of yet other kinds stand in the download.`;
  return faults ? h("p", { class: "figure-note" }, told) : null;
}

function tables(kinds) {
  const rest = kinds.slice(SHOWN);
  const more = () =>
    h(
      "details",
      { class: "figures" },
      h("summary", {}, `${counted(rest.length, "more kind")} of fault`),
      tableOf(rest),
    );
  return [tableOf(kinds.slice(0, SHOWN)), rest.length ? more() : null];
}

function tableOf(kinds) {
  const head = (name, kind = null) => h("th", { scope: "col", class: kind }, name);
  const row = (kind) =>
    h(
      "tr",
      {},
      h("th", { scope: "row" }, h("code", {}, kind.field), reasonInWords(kind.reason)),
      h("td", { class: "number" }, count(kind.rows)),
      h("td", { class: "number" }, `row ${count(kind.first_row)}`),
    );
  return h(
    "div",
    { class: "scroll" },
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, head("What is wrong"), head("Rows", "number"), head("For example", "number"))),
      h("tbody", {}, kinds.map(row)),
    ),
  );
}
