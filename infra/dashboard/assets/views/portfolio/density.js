// Who is both valuable and likely to leave: customers by lifetime value and churn probability.

import { axis } from "../../charts/chart.js";
import { range } from "../../charts/distribution.js";
import { valueScale } from "../../charts/value_scale.js";
import { counted, count, money, percent, shortMoney } from "../../parts/format.js";

const STEPS = 6; // colours, from few to many

/**
 * What `chart` draws of a summary's density.
 *
 * @param density Of the summary.
 * @param corner {value, churn, customers, value_at_risk} from which on customers are to be saved
 *   first, or null where the thresholds are not known.
 * @param measure "customers" or "value_at_risk": what is counted.
 */
export function densityOf(density, corner, measure) {
  const columns = density.value_edges.map((_, bin) => sum(density.customers.map((row) => row[bin])));
  const scale = valueScale(density.value_edges, columns, corner ? [corner.value] : []);
  const cells = cellsOf(density, scale, measure);
  return {
    height: 380,
    draw: (ink, width) => figure(density, scale, cells, corner, ink, width),
    table: () => tableOf(density),
  };
}

function cellsOf(density, scale, measure) {
  const cells = density.churn_edges.flatMap((_, risk) =>
    scale.bins.map((bin, at) => ({
      at,
      risk,
      bin,
      customers: density.customers[risk][scale.first + at],
      value_at_risk: density.value_at_risk[risk][scale.first + at],
    })),
  );
  const filled = cells.filter((cell) => cell.customers > 0);
  const most = Math.max(...filled.map((cell) => cell[measure]), 1e-9);
  // The root: with equal steps all but the fullest cells would be alike.
  return filled.map((cell) => ({
    ...cell,
    step: Math.min(Math.floor(Math.sqrt(cell[measure] / most) * STEPS), STEPS - 1),
  }));
}

function figure(density, scale, cells, corner, ink, width) {
  const edges = [...density.churn_edges, 1];
  return {
    data: [
      {
        type: "bar",
        x: cells.map((cell) => cell.at + 0.5),
        base: cells.map((cell) => edges[cell.risk]),
        y: cells.map((cell) => edges[cell.risk + 1] - edges[cell.risk]),
        width: 1,
        marker: { color: cells.map((cell) => ink.density[cell.step]), line: { color: ink.surface, width: 1 } },
        customdata: cells.map((cell) => [
          counted(cell.customers, "customer"),
          range(cell.bin),
          `${percent(edges[cell.risk])} to ${percent(edges[cell.risk + 1])}`,
          money(cell.value_at_risk),
        ]),
        hovertemplate:
          "%{customdata[0]}<br>worth %{customdata[1]}<br>%{customdata[2]} likely to leave<br>at risk: %{customdata[3]}<extra></extra>",
      },
    ],
    layout: {
      margin: { l: 52, r: 8, t: 30, b: 48 },
      barmode: "overlay",
      bargap: 0,
      xaxis: axis(ink, { range: [0, scale.bins.length], ...scale.ticks(width), title: "Lifetime value" }),
      yaxis: axis(ink, { range: [0, 1.001], tickformat: ".0%", nticks: 6, title: "Chance of leaving" }),
      shapes: corner ? [box(corner, scale, ink)] : [],
      annotations: corner ? [words(corner, scale, ink)] : [],
    },
  };
}

function box(corner, scale, ink) {
  return {
    type: "rect",
    x0: scale.place(corner.value),
    x1: scale.bins.length,
    y0: corner.churn,
    y1: 1,
    line: { color: ink.raises, width: 2 },
  };
}

function words(corner, scale, ink) {
  return {
    x: scale.bins.length,
    y: 1,
    xanchor: "right",
    yanchor: "bottom",
    showarrow: false,
    text: `Save these first: ${count(corner.customers)} · ${shortMoney(corner.value_at_risk)} at risk`,
    font: { color: ink.raises, size: ink.small + 1 },
  };
}

function tableOf(density) {
  const bands = density.churn_edges.map((edge, number) => [edge, density.churn_edges[number + 1] ?? 1]);
  return {
    columns: ["Chance of leaving", "Customers", "Value at risk"],
    rows: bands.map(([from, to], number) => [
      `${percent(from)} to ${percent(to)}`,
      count(sum(density.customers[number])),
      money(sum(density.value_at_risk[number])),
    ]),
  };
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}
