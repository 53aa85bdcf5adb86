// Reasons and drivers as the rows of a ledger: the strongest first, the small ones as one.

import { counted, factor, money, percent, points, shortMoney } from "../../parts/format.js";

/** Steps that are shown for themselves; the rest are joined. With both ends and the rest: rows. */
const SHOWN = 6;
export const ROWS = SHOWN + 3;

const TENTHS = 1_000; // of a percentage point in a probability of 1

/**
 * From the base rate to this customer's probability. As displayed, to a tenth of a point, the steps
 * add up exactly: what rounding leaves over is in the last one.
 */
export function churnSteps({ base_rate: base, reasons, churn_probability: end }) {
  const first = Math.round(base * TENTHS);
  const last = Math.round(end * TENTHS);
  const [strongest, rest] = parted(reasons);
  const steps = strongest.map(({ sentence, contribution }) => ({
    label: sentence,
    tenths: Math.round(contribution * TENTHS),
  }));
  if (rest.length) {
    steps.push({ label: counted(rest.length, "other reason"), tenths: 0 });
  }
  if (steps.length) {
    steps.at(-1).tenths += last - first - steps.reduce((sum, { tenths }) => sum + tenths, 0);
  }
  const stops = running(
    first,
    steps.map(({ tenths }) => tenths),
    (sum, tenths) => sum + tenths,
  ).map((stop) => stop / TENTHS);
  const { place, ticks } = probabilityScale(stops);
  return {
    ticks,
    rows: rowsOf({
      stops: stops.map(place),
      start: { label: "A customer of whom nothing is known", figure: percent(base, 1) },
      steps: steps.map(({ label, tenths }) => ({ label, figure: points(tenths / TENTHS), worse: tenths > 0 })),
      end: { label: "This customer", figure: percent(end, 1) },
    }),
  };
}

/** From the typical customer's lifetime value to this one's; each step is a factor. */
export function valueSteps({ typical_value: typical, drivers, customer_lifetime_value: end }) {
  const [strongest, rest] = parted(drivers);
  const steps = strongest.map(({ sentence, factor: by }) => ({ label: sentence, by }));
  if (rest.length) {
    steps.push({
      label: counted(rest.length, "other reason"),
      by: rest.reduce((product, { factor: by }) => product * by, 1),
    });
  }
  const stops = running(
    typical,
    steps.map(({ by }) => by),
    (value, by) => value * by,
  );
  const { place, ticks } = amountScale(stops);
  return {
    ticks,
    rows: rowsOf({
      stops: stops.map(place),
      start: { label: "A typical customer", figure: money(typical) },
      steps: steps.map(({ label, by }) => ({ label, figure: factor(by), worse: by < 1 })),
      end: { label: "This customer", figure: money(end) },
    }),
  };
}

// One that is left over is shown for itself: "1 other" would take as much room.
function parted(found) {
  return found.length <= SHOWN + 1 ? [found, []] : [found.slice(0, SHOWN), found.slice(SHOWN)];
}

function running(start, steps, next) {
  return steps.reduce((stops, step) => [...stops, next(stops.at(-1), step)], [start]);
}

function rowsOf({ stops, start, steps, end }) {
  return [
    { ...start, kind: "start", from: stops[0], to: stops[0] },
    ...steps.map(({ label, figure, worse }, number) => ({
      label,
      figure,
      kind: worse ? "worse" : "better",
      from: stops[number],
      to: stops[number + 1],
    })),
    { ...end, kind: "end", from: stops.at(-1), to: stops.at(-1) },
  ];
}

// Whole tens of per cent around all stops, and three of them at least: a scale that seldom moves, and
// on which a point of difference is no mountain.
function probabilityScale(stops) {
  let low = Math.floor(Math.min(...stops) * 10 - 0.3);
  let high = Math.ceil(Math.max(...stops) * 10 + 0.3);
  [low, high] = [Math.max(low, 0), Math.min(high, 10)];
  while (high - low < 3) {
    [low, high] = [Math.max(low - 1, 0), Math.min(high + 1, 10)];
  }
  const every = high - low > 5 ? 2 : 1;
  const tens = Array.from({ length: high - low + 1 }, (_, number) => low + number).filter((ten) => ten % every === 0);
  const place = (share) => (share * 10 - low) / (high - low);
  return { place, ticks: tens.map((ten) => ({ at: place(ten / 10), text: percent(ten / 10) })) };
}

const ROUND = [1, 2, 5];
const MOST_TICKS = 4;

// Factors add up on a logarithmic scale only.
function amountScale(stops) {
  const [low, high] = [Math.log10(Math.min(...stops)) - 0.12, Math.log10(Math.max(...stops)) + 0.12];
  const place = (amount) => (Math.log10(amount) - low) / (high - low);
  const within = (steps) =>
    Array.from({ length: Math.ceil(high) - Math.floor(low) + 1 }, (_, number) => Math.floor(low) + number)
      .flatMap((power) => steps.map((step) => step * 10 ** power))
      .filter((amount) => place(amount) >= 0.03 && place(amount) <= 0.97);
  const fine = within(ROUND);
  const amounts = fine.length <= MOST_TICKS ? fine : within([1]);
  const every = Math.ceil(amounts.length / MOST_TICKS);
  return {
    place,
    ticks: amounts
      .filter((_, number) => number % every === 0)
      .map((amount) => ({ at: place(amount), text: shortMoney(amount) })),
  };
}
