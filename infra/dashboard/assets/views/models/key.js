// What the marks of a chart stand for; beside the chart, so that it can be read aloud and wraps.

import { h, svg } from "../../parts/dom.js";

const MARKS = {
  circle: () => svg("circle", { cx: 8, cy: 8, r: 5.5, class: "fill-0" }),
  square: () => svg("rect", { x: 3, y: 3, width: 10, height: 10, class: "stroke-1" }),
  triangle: () => svg("path", { d: "M8 2.5 14 13H2Z", class: "stroke-2" }),
  dotted: () => svg("path", { d: "M0 8H16", class: "dotted" }),
  block: () => svg("rect", { x: 2, y: 2, width: 12, height: 12, rx: 2, class: "fill-mute" }),
  inside: () => svg("rect", { x: 2, y: 2, width: 12, height: 12, rx: 2, class: "fill-inside" }),
  above: () => svg("rect", { x: 2, y: 2, width: 12, height: 12, rx: 2, class: "fill-above" }),
  below: () => svg("rect", { x: 2, y: 2, width: 12, height: 12, rx: 2, class: "fill-below" }),
};

/** The key of entries [mark, name, more]; null is left out. */
export function key(entries) {
  return h(
    "ul",
    { class: "chart-key" },
    entries
      .filter(Boolean)
      .map(([mark, name, more]) =>
        h(
          "li",
          {},
          svg("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, MARKS[mark]()),
          h("span", {}, h("strong", {}, name), more ? ` ${more}` : null),
        ),
      ),
  );
}
