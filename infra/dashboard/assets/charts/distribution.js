// How lifetime value is spread over customers, on the summary's own scale, which is about logarithmic.

import { count, money, percent, shortMoney } from "../parts/format.js";
import { axis } from "./chart.js";

/**
 * What `chart` (charts/chart.js) draws and tells of a summary's distribution.
 *
 * @param distribution {edges, customers, quantiles} of the summary.
 * @param marks [{value, label, low, high, strong}]: values to be pointed out, with a band from low to
 *   high where given; amounts in the shop's currency.
 */
export function distributionOf(distribution, marks = []) {
  const scale = scaleOf(distribution, marks);
  return {
    height: 280,
    draw: (ink, width) => figure(scale, marks, ink, width),
    table: () => tableOf(scale),
  };
}

function figure(scale, marks, ink, width) {
  const { bins, total } = scale;
  return {
    data: [
      {
        type: "bar",
        x: bins.map((_, place) => place + 0.5),
        y: bins.map((bin) => bin.customers),
        customdata: bins.map((bin) => [range(bin), percent(bin.customers / total, 1), count(bin.customers)]),
        hovertemplate: "%{customdata[0]}<br>%{customdata[2]} customers, %{customdata[1]}<extra></extra>",
        marker: { color: marks.some((mark) => mark.strong) ? ink.mute : ink.accent },
      },
    ],
    layout: {
      margin: { l: 44, r: 12, t: marks.length ? 42 : 12, b: 40 },
      xaxis: axis(ink, {
        range: [0, bins.length],
        tickvals: scale.ticks(width).map((tick) => tick.place),
        ticktext: scale.ticks(width).map((tick) => shortMoney(tick.value)),
        showline: true,
      }),
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
    type: "line",
    xref: "x",
    yref: "paper",
    x0: at,
    x1: at,
    y0: 0,
    y1: 1,
    line: { color: colour, width: mark.strong ? 2.5 : 1.5, dash: mark.strong ? "solid" : "dot" },
  };
  if (mark.low === undefined) {
    return [line];
  }
  const band = {
    type: "rect",
    layer: "below",
    xref: "x",
    yref: "paper",
    x0: scale.place(mark.low),
    x1: scale.place(mark.high),
    y0: 0,
    y1: 1,
    line: { width: 0 },
    fillcolor: colour,
    opacity: 0.16,
  };
  return [band, line];
}

function annotationOf(mark, scale, ink) {
  const at = scale.place(mark.value);
  return {
    x: at,
    y: 1,
    xref: "x",
    yref: "paper",
    yanchor: "bottom",
    xanchor: anchor(at / scale.bins.length),
    showarrow: false,
    text: `${mark.label}<br>${money(mark.value)}`,
    align: anchor(at / scale.bins.length),
    font: { color: mark.strong ? ink.raises : ink.soft, size: 12 },
  };
}

function anchor(share) {
  if (share < 0.15) {
    return "left";
  }
  return share > 0.85 ? "right" : "center";
}

/** The bins from the first to the last that is of interest, and where amounts are among them. */
function scaleOf({ edges, customers }, marks) {
  const shown = marks.flatMap((mark) => [mark.value, mark.low ?? mark.value, mark.high ?? mark.value]);
  const inBin = (value) => Math.max(edges.findLastIndex((edge) => edge <= value), 0);
  const filled = customers.flatMap((number, place) => (number > 0 ? [place] : []));
  const wanted = [...filled, ...shown.filter((value) => value > 0).map(inBin)];
  const first = wanted.length ? Math.min(...wanted) : 0;
  const last = wanted.length ? Math.max(...wanted) : edges.length - 1;
  const bins = customers.slice(first, last + 1).map((number, place) => ({
    from: edges[first + place],
    to: edges[first + place + 1] ?? null,
    customers: number,
  }));
  const place = (value) => {
    const at = Math.min(Math.max(inBin(value), first), last) - first;
    const { from, to } = bins[at];
    const within = to === null ? 0.5 : (value - from) / (to - from);
    return at + Math.min(Math.max(within, 0), 1);
  };
  const ticks = (width) => thinned(bins.flatMap(({ from }, at) => (isRound(from) ? [{ value: from, place: at }] : [])), width);
  return { bins, total: customers.reduce((sum, number) => sum + number, 0) || 1, place, ticks };
}

function isRound(value) {
  return value > 0 && Number.isInteger(Math.round(Math.log10(value) * 1e6) / 1e6);
}

function thinned(ticks, width) {
  const every = Math.max(Math.ceil((ticks.length * 64) / width), 1);
  return ticks.filter((_, number) => number % every === 0);
}

function tableOf({ bins, total }) {
  return {
    columns: ["Lifetime value", "Customers", "Share"],
    rows: bins.map((bin) => [range(bin), count(bin.customers), percent(bin.customers / total, 1)]),
  };
}

function range({ from, to }) {
  return to === null ? `${money(from)} and more` : `${money(from)} to ${money(to)}`;
}
