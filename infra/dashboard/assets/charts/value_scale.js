// Where amounts stand on a summary's own scale of lifetime value, which is about logarithmic.

import { shortMoney } from "../parts/format.js";

const APART = 64; // pixels between two amounts under an axis

/**
 * The bins from the first to the last that is of interest.
 *
 * @param edges Where each bin begins; the last one is open.
 * @param counts One number for each bin.
 * @param shown Amounts that have to be on the scale, too.
 * @returns {first, bins, place, ticks}: `first` is the number of the first bin shown; bins are
 *   {from, to, count}, `to` null for the open one; `place` is how many bins an amount is from the
 *   left; `ticks` takes a width in pixels and gives {tickvals, ticktext} for an axis.
 */
export function valueScale(edges, counts, shown = []) {
  const binOf = (value) =>
    Math.max(
      edges.findLastIndex((edge) => edge <= value),
      0,
    );
  const filled = counts.flatMap((number, bin) => (number > 0 ? [bin] : []));
  const wanted = [...filled, ...shown.filter((value) => value > 0).map(binOf)];
  const first = wanted.length ? Math.min(...wanted) : 0;
  const last = wanted.length ? Math.max(...wanted) : edges.length - 1;
  const bins = counts.slice(first, last + 1).map((count, number) => ({
    from: edges[first + number],
    to: edges[first + number + 1] ?? null,
    count,
  }));
  return { first, bins, place: (value) => placed(value, bins), ticks: (width) => ticksOf(bins, width) };
}

function placed(value, bins) {
  const at = Math.max(
    bins.findLastIndex(({ from }) => from <= value),
    0,
  );
  const { from, to } = bins[at];
  const within = to === null ? 0.5 : (value - from) / (to - from);
  return at + Math.min(Math.max(within, 0), 1);
}

function ticksOf(bins, width) {
  const round = bins.flatMap(({ from }, at) => (isPowerOfTen(from) ? [at] : []));
  const every = Math.max(Math.ceil((round.length * APART) / width), 1);
  const tickvals = round.filter((_, number) => number % every === 0);
  return { tickvals, ticktext: tickvals.map((at) => shortMoney(bins[at].from)) };
}

function isPowerOfTen(value) {
  return value > 0 && Number.isInteger(Math.round(Math.log10(value) * 1e6) / 1e6);
}
