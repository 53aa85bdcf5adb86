// The figures behind a drawing, for whoever wants them all.

import { fill, h } from "../../parts/dom.js";

/** @returns {element, update({columns, rows})}: a table that unfolds, and stays as it is folded. */
export function figuresTable(label) {
  const head = h("tr", {});
  const body = h("tbody", {});
  const element = h(
    "details",
    { class: "figures" },
    h("summary", {}, "Show the figures"),
    h(
      "div",
      { class: "scroll", tabindex: "0", role: "group", "aria-label": label },
      h("table", { class: "plain" }, h("thead", {}, head), body),
    ),
  );
  return {
    element,
    update({ columns, rows }) {
      fill(
        head,
        columns.map((name) => h("th", { scope: "col" }, name)),
      );
      fill(
        body,
        rows.map(([first, ...rest]) =>
          h(
            "tr",
            {},
            h("th", { scope: "row" }, first),
            rest.map((value) => h("td", {}, value)),
          ),
        ),
      );
    },
  };
}
