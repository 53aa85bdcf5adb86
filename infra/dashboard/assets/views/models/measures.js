// The measured figures: how each is written, what it means, and which of two is better.

import { count, money, percent, points, quantity, signedMoney } from "../../parts/format.js";

const share = (value) => percent(value, Math.abs(value) < 0.0995 ? 1 : 0);
const threeDigits = (value) => quantity(Number(value.toPrecision(3)));
const ofHundred = (value) => `${count(100 * value)} of 100`;
const apart = (value) => `${quantity(Number((100 * value).toFixed(1)))} points`;
const inDigits = (difference) => `${difference > 0 ? "+" : ""}${quantity(Number(difference.toPrecision(2)))}`;

/** `write` is the value as it stands in texts and tables, `change` a difference of two, signed. */
const FIGURES = {
  MAE: { write: money, change: signedMoney, meaning: "How far the forecast is off for one customer, on average." },
  "MAE of the median": {
    write: money,
    change: signedMoney,
    meaning: "The same for the median, the forecast that is as often too high as too low.",
  },
  RMSE: {
    write: money,
    change: signedMoney,
    meaning: "As the first, but one large miss counts more than many small ones.",
  },
  Bias: { write: share, change: points, meaning: "All forecasts added up, as a share of what was really spent." },
  Gini: {
    write: threeDigits,
    meaning: "How well customers stand in the order of their worth: 1 is perfect, 0 is chance.",
  },
  Spearman: {
    write: threeDigits,
    meaning: "How far the order foretold and the real one agree: 1 is fully, 0 not at all.",
  },
  "Top-decile share": {
    write: share,
    change: points,
    meaning: "Share of the revenue that came from the tenth ranked highest.",
  },
  "Decile MAPE": {
    write: share,
    change: points,
    meaning: "How far the forecast for a tenth of the customers is off, as a share of what they spent.",
  },
  "Interval coverage": {
    write: share,
    change: points,
    meaning: "Share of customers who spent an amount within their interval.",
  },
  "Upper miss": {
    write: share,
    change: points,
    meaning: "Share of customers who spent more than the upper end of their interval.",
  },
  AUC: {
    write: threeDigits,
    change: points,
    meaning:
      "How often the one who left had the higher risk, of two customers of whom one left: 1 is always, 0.5 is chance.",
  },
  Brier: { write: threeDigits, meaning: "Squared distance of the probability from what happened: 0 is best." },
  "Log loss": { write: threeDigits, meaning: "Punishes probabilities that were sure and wrong: 0 is best." },
  "Calibration error": {
    write: apart,
    change: points,
    meaning: "How far a probability and the share that then left lie apart, on average.",
  },
  "Variance explained": {
    write: share,
    change: points,
    meaning: "How much of the difference between customers the personas account for.",
  },
  "Bootstrap ARI": {
    write: threeDigits,
    meaning: "How far customers keep company when others are drawn to learn from: 1 is fully, 0 is chance.",
  },
  "Same persona over bootstraps": {
    write: share,
    change: points,
    meaning: "Share of customers who keep their persona when others are drawn to learn from.",
  },
};
const UNKNOWN = { write: threeDigits, meaning: null };

/** How a measure is written: {write, change, meaning}. */
export function figureOf(name) {
  return { change: inDigits, ...(FIGURES[name] ?? UNKNOWN) };
}

/** What the whole page leads with, most telling first. `scale` gives the ends of its strip, and words for them. */
export const HEADLINES = [
  {
    model: "churn",
    name: "AUC",
    short: "Right order of two",
    question: "Does it know who will leave?",
    write: ofHundred,
    tell: (value) =>
      `Of two customers, one of whom left, it gave the higher risk to the right one in ${count(100 * value)} of 100 cases.`,
    scale: () => ({ from: 0.5, to: 1, ends: ["50, a coin", "100, always"] }),
  },
  {
    model: "churn",
    name: "Calibration error",
    short: "Probability off by",
    question: "Are its probabilities honest?",
    write: apart,
    tell: (value) =>
      `A probability of leaving and the share that then left lie ${apart(value)} of a hundred apart, on average.`,
    scale: (values) => ({ from: 0, to: 1.25 * Math.max(...values), ends: ["0, exact", "further off"] }),
  },
  {
    model: "clv",
    name: "Top-decile share",
    short: "Revenue found in the first tenth",
    question: "Does it find the best customers?",
    write: share,
    tell: (value) => `The tenth of the customers that it ranked highest brought ${share(value)} of all revenue.`,
    scale: (values) => ({ from: 0, to: 1.25 * Math.max(...values), ends: ["none", "more"] }),
  },
  {
    model: "clv",
    name: "Bias",
    short: "Total foretold",
    question: "Does the total come true?",
    write: share,
    tell: (value) => `All its forecasts together came to ${share(value)} of what was really spent.`,
    scale: (values) => ({
      from: Math.min(0.5, ...values),
      to: Math.max(1.5, ...values),
      ends: ["too low", "too high"],
    }),
  },
  {
    model: "clv",
    name: "MAE",
    short: "Off per customer",
    question: "How far is it off for one customer?",
    write: money,
    tell: (value) =>
      `The value foretold for a single customer was ${money(value)} away from what they spent, on average.`,
    scale: (values) => ({ from: 0, to: 1.25 * Math.max(...values), ends: ["0, exact", "further off"] }),
  },
  {
    model: "clv",
    name: "Interval coverage",
    short: "Within the interval",
    question: "Do its intervals hold?",
    write: ofHundred,
    tell: (value, target) =>
      `${count(100 * value)} of 100 customers spent an amount within the interval told for them; it is meant to be ${count(100 * target)}.`,
    scale: () => ({ from: 0.5, to: 1, ends: ["50", "100"] }),
  },
];

/** The measure of a model by its name, or null. */
export function found(metrics, model, name) {
  return metrics?.[model]?.find((metric) => metric.name === name) ?? null;
}

/** Below zero where `a` is better than `b` by this measure, above where it is worse. */
export function compared({ better, target }, a, b) {
  if (better === "near") {
    return Math.abs(a - target) - Math.abs(b - target);
  }
  return better === "lower" ? a - b : b - a;
}

/** The best of the other methods: {name, value}, or null where there is none. */
export function bestPeer(metric) {
  const peers = Object.entries(metric.peers).map(([name, value]) => ({ name, value }));
  return peers.length
    ? peers.reduce((best, peer) => (compared(metric, peer.value, best.value) < 0 ? peer : best))
    : null;
}

/**
 * How we stand: {verdict: "ahead" | "level" | "behind" | "alone", peer}. Level is what is written
 * the same: a difference that nobody can see is no lead.
 */
export function standing(metric, write) {
  const peer = bestPeer(metric);
  if (peer === null) {
    return { verdict: "alone", peer };
  }
  if (write(peer.value) === write(metric.value)) {
    return { verdict: "level", peer };
  }
  return { verdict: compared(metric, metric.value, peer.value) < 0 ? "ahead" : "behind", peer };
}
