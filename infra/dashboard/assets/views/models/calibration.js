// Whether a probability of leaving means what it says: told against what happened, in ten groups.

import { axis, chart } from "../../charts/chart.js";
import { h } from "../../parts/dom.js";
import { count, counted, percent } from "../../parts/format.js";
import { key } from "./key.js";
import { OURS, shortMethod } from "./names.js";

const ENOUGH = 30; // customers below which a share says little by itself
const WIDTH = 0.1;

/** {element, remove} of a panel; `evaluation` as in GET /model. */
export function calibration({ reliability, reliability_peer: peer }) {
  const drawn = chart({
    label: `Share of customers who left against the probability told for them. ${reading(reliability)}`,
    height: 400,
    draw: (ink) => figure(reliability, peer, ink),
    table: () => tableOf(reliability, peer),
  });
  return {
    element: h(
      "article",
      { class: "panel calibration" },
      h("h3", {}, "Do as many leave as it says?"),
      h("p", { class: "what" }, reading(reliability)),
      key([
        ["circle", OURS, "with the bar in which the true share lies, 95 times of 100"],
        peer ? ["square", shortMethod(peer.name)] : null,
        ["dotted", "as told"],
        ["block", "customers"],
      ]),
      drawn.element,
    ),
    remove: drawn.remove,
  };
}

/** What the groups come to, in words. */
export function reading(bins) {
  const told = bins.filter((bin) => bin.customers >= ENOUGH).at(-1);
  if (told === undefined) {
    return `No group has ${ENOUGH} customers, so the shares below say little.`;
  }
  const within = bins.filter((bin) => bin.low <= bin.told && bin.told <= bin.high);
  const off = bins
    .filter((bin) => !within.includes(bin))
    .reduce((worst, bin) => (worst === null || gap(bin) > gap(worst) ? bin : worst), null);
  const first = `Of ${counted(told.customers, "customer")} told ${span(told)}, ${percent(told.left)} really left.`;
  const all = `In ${count(within.length)} of ${count(bins.length)} groups what was told lies within the bar`;
  return off === null
    ? `${first} ${all}.`
    : `${first} ${all}; furthest from it: of ${count(off.customers)} told ${span(off)}, ${percent(off.left)} left.`;
}

const gap = ({ told, left }) => Math.abs(told - left);
const span = ({ start }) => `${count(100 * start)}–${percent(start + WIDTH)}`;

function figure(bins, peer, ink) {
  const most = Math.max(...bins.map((bin) => bin.customers));
  const ends = axis(ink, { range: [-0.02, 1.04], tickformat: ".0%", tickvals: [0, 0.2, 0.4, 0.6, 0.8, 1] });
  return {
    data: [
      {
        type: "scatter",
        mode: "lines",
        x: [0, 1],
        y: [0, 1],
        hoverinfo: "skip",
        line: { color: ink.soft, width: 1.2, dash: "dot" },
      },
      peer
        ? points(
            peer.bins,
            shortMethod(peer.name),
            { color: ink.series[1], symbol: "square-open", size: 9, line: { width: 1.8 } },
            null,
          )
        : null,
      points(bins, OURS, { color: ink.accent, size: 11 }, ink.accent),
      {
        type: "bar",
        x: bins.map((bin) => bin.start + WIDTH / 2),
        y: bins.map((bin) => bin.customers),
        yaxis: "y2",
        width: WIDTH * 0.82,
        marker: { color: ink.mute },
        text: bins.map((bin) => count(bin.customers)),
        textposition: "outside",
        cliponaxis: false,
        textfont: { size: 11, color: ink.soft },
        hoverinfo: "skip",
      },
    ].filter(Boolean),
    layout: {
      margin: { l: 52, r: 18, t: 8, b: 46 },
      xaxis: {
        ...ends,
        title: { text: "Told probability of leaving", font: { color: ink.soft, size: 12 }, standoff: 6 },
        anchor: "y2",
      },
      yaxis: {
        ...ends,
        domain: [0.27, 1],
        showgrid: true,
        title: { text: "Really left", font: { color: ink.soft, size: 12 }, standoff: 6 },
      },
      yaxis2: axis(ink, { domain: [0, 0.17], range: [0, most * 1.05], showticklabels: false, showline: false }),
    },
  };
}

function points(bins, name, marker, bars) {
  return {
    type: "scatter",
    mode: "markers",
    name,
    x: bins.map((bin) => bin.told),
    y: bins.map((bin) => bin.left),
    marker,
    error_y: bars
      ? {
          type: "data",
          symmetric: false,
          array: bins.map((bin) => bin.high - bin.left),
          arrayminus: bins.map((bin) => bin.left - bin.low),
          color: bars,
          thickness: 2,
          width: 4,
        }
      : undefined,
    customdata: bins.map((bin) => [
      count(bin.customers),
      percent(bin.told, 1),
      percent(bin.left, 1),
      percent(bin.low),
      percent(bin.high),
    ]),
    hovertemplate: `${name}: %{customdata[0]} customers<br>told %{customdata[1]}, left %{customdata[2]}<br>(95 in 100: %{customdata[3]} to %{customdata[4]})<extra></extra>`,
  };
}

function tableOf(bins, peer) {
  const others = new Map((peer?.bins ?? []).map((bin) => [bin.start, bin]));
  const mine = new Map(bins.map((bin) => [bin.start, bin]));
  const starts = [...new Set([...mine.keys(), ...others.keys()])].sort((a, b) => a - b);
  const cells = (bin) =>
    bin
      ? [
          count(bin.customers),
          percent(bin.told, 1),
          percent(bin.left, 1),
          `${percent(bin.low)} to ${percent(bin.high)}`,
        ]
      : ["–", "–", "–", "–"];
  const columns = (name) => ["customers", "told", "left", "95 % interval"].map((column) => `${name}: ${column}`);
  return {
    columns: ["Told", ...columns(OURS), ...(peer ? columns(shortMethod(peer.name)) : [])],
    rows: starts.map((start) => [
      span({ start }),
      ...cells(mine.get(start)),
      ...(peer ? cells(others.get(start)) : []),
    ]),
  };
}
