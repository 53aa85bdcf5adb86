// Whether those foretold to be worth much really are: ten groups by forecast, and what they spent.

import { axis, chart } from "../../charts/chart.js";
import { h } from "../../parts/dom.js";
import { count, money, shortMoney } from "../../parts/format.js";
import { key } from "./key.js";
import { OURS, shortMethod } from "./names.js";

const SYMBOLS = ["square-open", "triangle-up-open", "diamond-open"];
const MARKS = ["square", "triangle", "triangle"];

/** {element, remove} of a panel; `evaluation` as in GET /model. */
export function tenths({ tenths: groups, horizon_days: horizon }) {
  const peers = inOrder(Object.keys(groups[0]?.peers ?? {}));
  const drawn = chart({
    label: `Mean spend of each tenth of the customers, by forecast. ${reading(groups)}`,
    height: 400,
    draw: (ink, width) => figure(groups, peers, ink, width),
    table: () => tableOf(groups, peers),
  });
  return {
    element: h(
      "article",
      { class: "panel tenths" },
      h("h3", {}, "Are valuable customers worth what it says?"),
      h("p", { class: "what" }, `${reading(groups)} ${against(groups, peers)}`),
      key([
        ["block", "really spent", `in ${count(horizon)} days, on average`],
        ["circle", OURS],
        ...peers.map((name, number) => [MARKS[Math.min(number, 2)], shortMethod(name)]),
      ]),
      drawn.element,
    ),
    remove: drawn.remove,
  };
}

/** What the first and the last group come to, in words. */
export function reading(groups) {
  const [least, most] = [groups[0], groups.at(-1)];
  return `The tenth it held to be worth most was forecast at ${money(most.forecast)} a customer and spent ${money(most.actual)}; the tenth worth least, ${money(least.forecast)} and ${money(least.actual)}.`;
}

function against(groups, peers) {
  return peers
    .slice(0, 1)
    .map((name) => {
      const nearer = groups.filter(
        (group) => Math.abs(group.forecast - group.actual) < Math.abs(group.peers[name] - group.actual),
      ).length;
      return `${OURS} is nearer to the truth than ${shortMethod(name)} in ${count(nearer)} of ${count(groups.length)} tenths.`;
    })
    .join("");
}

// The serious rival first: the naive forecast is there to be beaten.
function inOrder(names) {
  return [...names.filter((name) => name !== "Naive"), ...names.filter((name) => name === "Naive")];
}

function figure(groups, peers, ink, width) {
  const places = groups.map((_, place) => place + 1);
  return {
    data: [
      {
        type: "bar",
        x: places,
        y: groups.map((group) => group.actual),
        marker: { color: ink.mute },
        customdata: groups.map((group) => [count(group.customers), money(group.actual)]),
        hovertemplate: "Tenth %{x}: %{customdata[0]} customers<br>really spent %{customdata[1]}<extra></extra>",
      },
      ...peers.map((name, number) =>
        marks(
          name,
          places,
          groups.map((group) => group.peers[name]),
          {
            color: ink.series[number + 1],
            symbol: SYMBOLS[Math.min(number, SYMBOLS.length - 1)],
            size: 9,
            line: { width: 1.8 },
          },
        ),
      ),
      marks(
        OURS,
        places,
        groups.map((group) => group.forecast),
        { color: ink.accent, size: 11 },
      ),
    ],
    layout: {
      margin: { l: 52, r: 8, t: 8, b: 46 },
      bargap: 0.25,
      xaxis: axis(ink, { tickvals: places, range: [0.4, groups.length + 0.6], title: tenthsTitle(width) }),
      yaxis: axis(ink, { showgrid: true, rangemode: "tozero", nticks: 6, ...amounts(groups, peers) }),
    },
  };
}

/** The words under an axis of tenths, as long as there is room for. */
export function tenthsTitle(width) {
  return width < 480
    ? "Tenths, least valuable first"
    : "Tenths of the customers, from least to most valuable by forecast";
}

function amounts(groups, peers) {
  const most = Math.max(
    ...groups.flatMap((group) => [group.actual, group.forecast, ...peers.map((name) => group.peers[name])]),
  );
  const step = stepOf(most / 4);
  const values = Array.from({ length: Math.floor((most * 1.08) / step) + 1 }, (_, number) => number * step);
  return { tickvals: values, ticktext: values.map((value) => (value === 0 ? "0" : shortMoney(value))) };
}

function stepOf(rough) {
  const size = 10 ** Math.floor(Math.log10(Math.max(rough, 0.01)));
  return size * ([1, 2, 2.5, 5].find((times) => times * size >= rough) ?? 10);
}

function marks(name, x, y, marker) {
  return {
    type: "scatter",
    mode: "markers",
    x,
    y,
    marker,
    customdata: y.map((value) => money(value)),
    hovertemplate: `Tenth %{x}: ${shortMethod(name)} forecast %{customdata}<extra></extra>`,
  };
}

function tableOf(groups, peers) {
  return {
    columns: ["Tenth", "Customers", "Really spent", OURS, ...peers],
    rows: groups.map((group, place) => [
      count(place + 1),
      count(group.customers),
      money(group.actual),
      money(group.forecast),
      ...peers.map((name) => money(group.peers[name])),
    ]),
  };
}
