// How lifetime value is spread over customers.

import { count, money, percent } from "../parts/format.js";
import { axis } from "./chart.js";
import { valueScale } from "./value_scale.js";

/**
 * What `chart` (charts/chart.js) draws and tells of a summary's distribution.
 *
 * @param distribution {edges, customers} of the summary.
 * @param marks [{value, label, low, high, strong, side}]: values to be pointed out, a band from low to
 *   high where given, the label to the `side` ("left": it begins at the mark) where they would meet.
 */
export function distributionOf({ edges, customers }, marks = []) {
  const shown = marks.flatMap((mark) => [mark.value, mark.low ?? mark.value, mark.high ?? mark.value]);
  const scale = valueScale(edges, customers, shown);
  const total = customers.reduce((sum, number) => sum + number, 0) || 1;
  return {
    height: 280,
    draw: (ink, width) => figure(scale, total, marks, ink, width),
    table: () => tableOf(scale, total),
  };
}

/** From what to what a bin goes, for people. */
export function range({ from, to }) {
  return to === null ? `${money(from)} and more` : `${money(from)} to ${money(to)}`;
}

function figure(scale, total, marks, ink, width) {
  const { bins } = scale;
  return {
    data: [
      {
        type: "bar",
        x: bins.map((_, place) => place + 0.5),
        y: bins.map((bin) => bin.count),
        customdata: bins.map((bin) => [range(bin), percent(bin.count / total, 1), count(bin.count)]),
        hovertemplate: "%{customdata[0]}<br>%{customdata[2]} customers, %{customdata[1]}<extra></extra>",
        marker: { color: marks.some((mark) => mark.strong) ? ink.mute : ink.accent },
      },
    ],
    layout: {
      margin: { l: 44, r: 12, t: marks.length ? 42 : 12, b: 40 },
      xaxis: axis(ink, { range: [0, bins.length], ...scale.ticks(width), showline: true }),
      yaxis: axis(ink, { showgrid: true, nticks: 4, rangemode: "tozero" }),
      shapes: marks.flatMap((mark) => shapesOf(mark, scale, ink)),
      annotations: marks.map((mark) => annotationOf(mark, scale, ink)),
    },
  };
}

function shapesOf(mark, scale, ink) {
  const colour = mark.strong ? ink.raises : ink.soft;
  const at = scale.place(mark.value);
  const line = {
    ...upright(at, at),
    type: "line",
    line: { color: colour, width: mark.strong ? 2.5 : 1.5, dash: mark.strong ? "solid" : "dot" },
  };
  if (mark.low === undefined) {
    return [line];
  }
  const band = {
    ...upright(scale.place(mark.low), scale.place(mark.high)),
    type: "rect",
    layer: "below",
    line: { width: 0 },
    fillcolor: colour,
    opacity: 0.16,
  };
  return [band, line];
}

function upright(from, to) {
  return { xref: "x", yref: "paper", x0: from, x1: to, y0: 0, y1: 1 };
}

function annotationOf(mark, scale, ink) {
  const at = scale.place(mark.value);
  const side = mark.side ?? anchor(at / scale.bins.length);
  return {
    x: at,
    y: 1,
    xref: "x",
    yref: "paper",
    yanchor: "bottom",
    xanchor: side,
    align: side,
    showarrow: false,
    text: `${mark.label}<br>${money(mark.value)}`,
    font: { color: mark.strong ? ink.raises : ink.soft, size: ink.small },
  };
}

function anchor(share) {
  if (share < 0.15) {
    return "left";
  }
  return share > 0.85 ? "right" : "center";
}

function tableOf({ bins }, total) {
  return {
    columns: ["Lifetime value", "Customers", "Share"],
    rows: bins.map((bin) => [range(bin), count(bin.count), percent(bin.count / total, 1)]),
  };
}
