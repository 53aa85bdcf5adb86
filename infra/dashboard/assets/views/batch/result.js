// How a run ended: what came of the file, or why nothing did.

import { fileName } from "../../api/portfolio.js";
import { h } from "../../parts/dom.js";
import { count, counted, dayAndTime, money, percent } from "../../parts/format.js";
import { address } from "../../router.js";
import { downloads } from "./downloads.js";
import { rejections } from "./rejections.js";
import { duration, sentence } from "./words.js";

const NONE = "No row could be scored. What is wrong is told below; mend the file, and drop it again.";
const MEND = "Nothing of the file was scored. Mend it as told, and drop it again: a mended file is a new run.";
const LONGEST = 320; // characters of what a run says of its failure

/** A run that has a result, as GET /portfolio/runs/{id} describes it. */
export function succeeded(description, context) {
  const { status, summary } = description;
  const none = status.predicted === 0;
  return [
    head(status, none ? ["bad", "Nothing scored"] : status.rejected ? ["warn", "Scored in part"] : ["good", "Scored"]),
    figures(status, summary),
    none ? h("p", { class: "inline-note warn" }, NONE) : null,
    h("div", { class: "actions" }, none || !summary ? null : open(status), downloads(description, context)),
    rejections(description, context),
  ];
}

/** A run that came to nothing. */
export function failed({ status }) {
  const { title, detail } = status.failure ?? {
    title: "It failed",
    detail: "Nobody wrote down why: drop the file again",
  };
  return [
    head(status, ["bad", "Not scored"]),
    h(
      "div",
      { class: "inline-failure run-failure", role: "alert" },
      h("strong", {}, sentence(title)),
      h("p", {}, sentence(readable(detail))),
    ),
    h("p", { class: "figure-note" }, MEND),
  ];
}

function head(status, [kind, verdict]) {
  const { model_version: version, started, updated, content } = status;
  const took = duration(started, updated);
  const rows = counted(status.rows, content === "transactions" ? "purchase" : "row");
  return [
    h(
      "div",
      { class: "run-head" },
      h("h2", {}, fileName(status.source.key)),
      h("span", { class: `tag ${kind}` }, verdict),
    ),
    h(
      "p",
      { class: "run-when" },
      `${dayAndTime(started)}: ${status.rows ? `${rows} in ${took}` : `ended after ${took}`}`,
      version ? [", by model ", h("a", { href: "#/models" }, version)] : null,
    ),
  ];
}

function figures(status, summary) {
  const { rows, predicted, rejected, content } = status;
  const log = content === "transactions";
  const from = log ? `from ${counted(rows - rejected, "purchase")}` : `of ${counted(rows, "row")}`;
  const share = rejected
    ? `${percent(rejected / rows, 1)} of the file; each is told in the download`
    : "nothing to mend";
  return h(
    "dl",
    { class: "run-figures" },
    figure(log ? "Customers found and scored" : "Customers scored", count(predicted), from),
    figure(log ? "Purchases left out" : "Rows refused", count(rejected), share),
    summary && predicted ? worth(summary) : null,
  );
}

function worth({ totals, horizon_days: days }) {
  return [
    figure("Lifetime value", money(totals.customer_lifetime_value), `of all of them, over the next ${days} days`),
    figure("Of that at risk", money(totals.value_at_risk), "weighed by how likely each is to leave"),
  ];
}

function figure(label, value, note) {
  return h(
    "div",
    {},
    h("dt", { class: "figure-label" }, label),
    h("dd", {}, h("span", { class: "figure" }, value), h("span", { class: "figure-note" }, note)),
  );
}

function open({ run_id: id }) {
  return h("a", { class: "button primary", href: address("portfolio", { run: id }) }, "Open as portfolio");
}

/** A file that is no table has anything in its first row, which the failure repeats. */
function readable(detail) {
  const shown = detail.replace(/[\p{Cc}\p{Co}\p{Cn}\ufffd]+/gu, " ");
  if (shown.length <= LONGEST) {
    return shown;
  }
  const last = shown.lastIndexOf(". ");
  return `${shown.slice(0, LONGEST)}… ${last > LONGEST ? shown.slice(last + 2) : ""}`;
}
