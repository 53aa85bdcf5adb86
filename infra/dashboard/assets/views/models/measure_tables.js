// Every figure there is, beside every method, for whoever wants to know exactly.

import { h, hidden } from "../../parts/dom.js";
import { figureOf, standing, bestPeer } from "./measures.js";
import { MODELS, OURS } from "./names.js";

/** All measures as tables, closed until they are asked for. */
export function measureTables({ metrics }) {
  const models = Object.keys(MODELS).filter((model) => metrics?.[model]?.length);
  if (models.length === 0) {
    return null;
  }
  const all = models.flatMap((model) => metrics[model]);
  const behind = all.filter((metric) => standing(metric, figureOf(metric.name).write).verdict === "behind").length;
  const beside = all.filter((metric) => bestPeer(metric) !== null).length;
  return h(
    "details",
    { class: "panel all-measures" },
    h(
      "summary",
      {},
      h("span", { class: "summary-title" }, `All ${all.length} figures`),
      h(
        "span",
        { class: "figure-note" },
        behind === 0
          ? `${OURS} is behind in none of the ${beside} that others tell, too`
          : `In ${behind} of the ${beside} that others tell, too, another method is better`,
      ),
    ),
    models.map((model) => table(MODELS[model], metrics[model])),
  );
}

function table(caption, metrics) {
  const peers = [...new Set(metrics.flatMap((metric) => Object.keys(metric.peers)))];
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "group", "aria-label": caption },
    h(
      "table",
      { class: "measures" },
      h("caption", {}, caption),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          h("th", { scope: "col" }, "Measure"),
          [OURS, ...peers].map((name) => h("th", { scope: "col", class: "number" }, name)),
        ),
      ),
      h(
        "tbody",
        {},
        metrics.map((metric) => row(metric, peers)),
      ),
    ),
  );
}

function row(metric, peers) {
  const { write, meaning } = figureOf(metric.name);
  const { verdict, peer } = standing(metric, write);
  const best = { ahead: OURS, behind: peer?.name }[verdict] ?? null;
  const cells = [[OURS, metric.value], ...peers.map((name) => [name, metric.peers[name]])];
  return h(
    "tr",
    { data: { measure: metric.name } },
    h(
      "th",
      { scope: "row" },
      metric.name,
      " ",
      h("span", { class: "aim" }, aim(metric, write)),
      meaning ? h("span", { class: "meaning" }, meaning) : null,
    ),
    cells.map(([name, value]) => cell(value, write, name === best)),
  );
}

function cell(value, write, isBest) {
  if (value === undefined) {
    return h("td", { class: "number none" }, h("span", { "aria-hidden": "true" }, "–"), hidden("not told"));
  }
  return h("td", { class: isBest ? "number best" : "number" }, write(value), isBest ? hidden(", the best") : null);
}

function aim({ better, target }, write) {
  return { lower: "less is better", higher: "more is better", near: `best at ${write(target ?? 0)}` }[better];
}
