// What the forecasts look at most.

import { h } from "../../parts/dom.js";
import { percent } from "../../parts/format.js";

const PANELS = [
  ["churn", "To tell who leaves", "Share of each field in the questions the trees ask."],
  [
    "clv",
    "To tell what they are worth",
    "A classic forecast from the purchases comes first; this is what the trees correct it by.",
  ],
];
const LITTLE = 0.01;

/** The section; `labels` gives the words for a field. */
export function importances({ importances: found }, labels) {
  const known = PANELS.filter(([model]) => Object.keys(found?.[model] ?? {}).length);
  return h(
    "section",
    { class: "section" },
    h("h2", {}, "What it looks at"),
    known.length
      ? h(
          "div",
          { class: "grid two" },
          known.map(([model, heading, meaning]) => panel(heading, meaning, found[model], labels)),
        )
      : h("p", { class: "inline-note" }, "This version does not tell what it looks at. Train again to see it."),
  );
}

function panel(heading, meaning, shares, labels) {
  const ordered = Object.entries(shares).sort(([, a], [, b]) => b - a);
  const most = ordered[0][1];
  const counting = ordered.filter(([, share]) => share >= LITTLE);
  const rest = ordered.filter(([, share]) => share < LITTLE);
  return h(
    "article",
    { class: "panel" },
    h("h3", {}, heading),
    h("p", { class: "what" }, meaning),
    h(
      "ul",
      { class: "importance-bars" },
      counting.map(([name, share]) =>
        h(
          "li",
          { data: { field: name } },
          h("span", {}, labels(name)),
          h(
            "span",
            { class: "bar", "aria-hidden": "true" },
            h("span", { style: { width: `${((100 * share) / most).toFixed(1)}%` } }),
          ),
          h("span", { class: "number" }, percent(share)),
        ),
      ),
    ),
    rest.length
      ? h(
          "p",
          { class: "figure-note" },
          `Under ${percent(LITTLE)} each: ${rest.map(([name]) => labels(name).toLowerCase()).join("; ")}.`,
        )
      : null,
  );
}
