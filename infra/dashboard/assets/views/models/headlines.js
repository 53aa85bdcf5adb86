// The few figures that matter, each a question, beside what other methods say of the same customers.

import { h, hidden } from "../../parts/dom.js";
import { counted, day } from "../../parts/format.js";
import { found, HEADLINES, standing } from "./measures.js";
import { methodMeaning, OURS, shortMethod } from "./names.js";

/** The section. */
export function headlines({ metrics, evaluation }) {
  const told = HEADLINES.flatMap((headline) => {
    const metric = found(metrics, headline.model, headline.name);
    return metric ? [{ headline, metric }] : [];
  });
  return h(
    "section",
    { class: "section" },
    h("h2", {}, "How good it is"),
    evaluation ? h("p", { class: "what" }, protocol(evaluation)) : null,
    told.length
      ? h("div", { class: "headlines" }, told.map(card))
      : h("p", { class: "inline-note" }, "This version carries no measured figures. Train again to see them."),
    others(told),
  );
}

function protocol({ customers, cutoff, horizon_days: horizon, protocol: kind }) {
  const asked = `It was asked about ${counted(customers, "customer")} it had never seen, as they were on ${day(cutoff)}, and held against what they did in the ${counted(horizon, "day")} after.`;
  return kind === "temporal"
    ? `${asked} So the figures are what would have come true had it been published on that day.`
    : `${asked} The history is too short to learn from earlier days alone, so a change of season is not in the figures.`;
}

function card({ headline, metric }) {
  const stand = standing(metric, headline.write);
  return h(
    "article",
    { class: "panel headline", data: { measure: metric.name } },
    h("h3", {}, headline.question),
    h("p", { class: "figure" }, headline.write(metric.value)),
    h("p", { class: "figure-note" }, headline.tell(metric.value, metric.target)),
    strip(headline, metric),
    h("p", { class: "standing" }, judgement(stand, metric, headline.write)),
  );
}

function judgement({ verdict, peer }, metric, write) {
  const said = {
    ahead: () => ["good", "✓", `${OURS} is ahead`],
    level: () => ["", "=", `Level with ${levelWith(metric, write)}`],
    behind: () => ["warn", "!", `${shortMethod(peer.name)} is better here`],
    alone: () => ["", "–", "The others tell no interval"],
  };
  const [kind, mark, words] = said[verdict]();
  return h("span", { class: `tag ${kind}` }, h("span", { "aria-hidden": "true" }, mark), words);
}

function levelWith({ value, peers }, write) {
  const level = Object.keys(peers).filter((name) => write(peers[name]) === write(value));
  return level.map(shortMethod).join(" and ");
}

/** Each method on a line of its own, on one scale; the line across is what would be right. */
function strip(headline, metric) {
  const methods = [[OURS, metric.value], ...Object.entries(metric.peers)];
  const target = metric.better === "near" ? metric.target : null;
  const { from, to, ends } = headline.scale(methods.map(([, value]) => value));
  const at = (value) => `${(100 * Math.min(Math.max((value - from) / (to - from), 0), 1)).toFixed(2)}%`;
  return h(
    "table",
    { class: "method-strip" },
    h("caption", { class: "visually-hidden" }, `${headline.question} By method`),
    h(
      "colgroup",
      {},
      ["name", "scale", "value"].map((column) => h("col", { class: column })),
    ),
    h(
      "thead",
      { class: "visually-hidden" },
      h(
        "tr",
        {},
        ["Method", "On the scale", "Value"].map((name) => h("th", { scope: "col" }, name)),
      ),
    ),
    h(
      "tbody",
      {},
      methods.map(([name, value], row) =>
        h(
          "tr",
          { class: row === 0 ? "ours" : null },
          h("th", { scope: "row" }, shortMethod(name)),
          h(
            "td",
            { class: "track" },
            h(
              "span",
              { class: "rail", "aria-hidden": "true" },
              target === null ? null : h("span", { class: "target", style: { left: at(target) } }),
              h("span", { class: `mark mark-${Math.min(row, 3)}`, style: { left: at(value) } }),
            ),
          ),
          h("td", { class: "number" }, headline.write(value)),
        ),
      ),
      h(
        "tr",
        { class: "ends", "aria-hidden": "true" },
        h("td", {}),
        h("td", {}, h("span", {}, ends[0]), h("span", {}, ends[1])),
        h("td", {}),
      ),
    ),
    target === null ? null : hidden(`The line stands at ${headline.write(target)}, which would be right.`),
  );
}

function others(told) {
  const names = [...new Set(told.flatMap(({ metric }) => Object.keys(metric.peers)))];
  if (names.length === 0) {
    return null;
  }
  return h(
    "dl",
    { class: "other-methods" },
    names.map((name) =>
      h(
        "div",
        {},
        h("dt", {}, name),
        h("dd", {}, methodMeaning(name) ?? "another method, asked about the same customers"),
      ),
    ),
  );
}
