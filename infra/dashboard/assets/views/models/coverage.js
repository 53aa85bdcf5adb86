// Whether what customers spend lies in the interval told for them, from the least to the most valuable.

import { axis, chart } from "../../charts/chart.js";
import { h } from "../../parts/dom.js";
import { count, percent } from "../../parts/format.js";
import { key } from "./key.js";
import { tenthsTitle } from "./tenths.js";

/** {element, remove} of a panel; `model` as in GET /model. */
export function coverage({ evaluation: { tenths }, interval_coverage: meant }) {
  const drawn = chart({
    label: `Share of each tenth of the customers below, within and above their interval. ${reading(tenths, meant)}`,
    height: 300,
    draw: (ink, width) => figure(tenths, meant, ink, width),
    table: () => tableOf(tenths),
  });
  return {
    element: h(
      "article",
      { class: "panel coverage" },
      h("h3", {}, "Do they spend what the interval says?"),
      h("p", { class: "what" }, reading(tenths, meant)),
      key([
        ["above", "spent more"],
        ["inside", "within"],
        ["below", "spent less"],
        ["dotted", `${percent(meant)} lie between`, "if it is as meant"],
      ]),
      drawn.element,
    ),
    remove: drawn.remove,
  };
}

/** What the groups come to together, in words. */
export function reading(tenths, meant) {
  const customers = tenths.reduce((sum, group) => sum + group.customers, 0);
  const over = (part) => tenths.reduce((sum, group) => sum + group.customers * group[part], 0) / customers;
  const weakest = tenths.reduce(
    (worst, group, place) => (group.inside < worst.inside ? { inside: group.inside, place } : worst),
    { inside: 2, place: 0 },
  );
  return `${percent(over("inside"))} of the customers spent an amount within their interval, where ${percent(meant)} are meant; ${percent(over("above"))} spent more and ${percent(over("below"))} less. It holds least in tenth ${count(weakest.place + 1)}, with ${percent(weakest.inside)}.`;
}

function figure(tenths, meant, ink, width) {
  const places = tenths.map((_, place) => place + 1);
  const layer = (part, words, color) => ({
    type: "bar",
    x: places,
    y: tenths.map((group) => group[part]),
    marker: { color, line: { color: ink.surface, width: 1 } },
    customdata: tenths.map((group) => [percent(group[part], 1), count(group.customers)]),
    hovertemplate: `Tenth %{x}: %{customdata[0]} of %{customdata[1]}<br>${words}<extra></extra>`,
  });
  const edge = (at) => ({
    type: "line",
    xref: "paper",
    yref: "y",
    x0: 0,
    x1: 1,
    y0: at,
    y1: at,
    line: { color: ink.ink, width: 1.2, dash: "dot" },
  });
  return {
    data: [
      layer("below", "spent less than their interval", ink.series[3]),
      layer("inside", "spent an amount within it", ink.density[2]),
      layer("above", "spent more", ink.series[1]),
    ],
    layout: {
      margin: { l: 52, r: 8, t: 14, b: 46 },
      barmode: "stack",
      bargap: 0.18,
      xaxis: axis(ink, { tickvals: places, range: [0.4, tenths.length + 0.6], title: tenthsTitle(width) }),
      yaxis: axis(ink, { range: [0, 1], tickformat: ".0%", tickvals: [0, 0.25, 0.5, 0.75, 1] }),
      shapes: [edge((1 - meant) / 2), edge(1 - (1 - meant) / 2)],
    },
  };
}

function tableOf(tenths) {
  return {
    columns: ["Tenth", "Customers", "Spent less", "Within", "Spent more"],
    rows: tenths.map((group, place) => [
      count(place + 1),
      count(group.customers),
      percent(group.below, 1),
      percent(group.inside, 1),
      percent(group.above, 1),
    ]),
  };
}
