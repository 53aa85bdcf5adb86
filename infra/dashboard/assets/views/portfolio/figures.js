// The portfolio in four figures, each with what it means and how it has changed.

import { h, hidden } from "../../parts/dom.js";
import {
  count,
  money,
  percent,
  points,
  shortMoney,
  signedCount,
  signedMoney,
  signedPercent,
} from "../../parts/format.js";

/**
 * @param summary Of the run that is shown.
 * @param before The summary it is compared with, or null.
 */
export function keyFigures(summary, before) {
  const { totals, horizon_days: days } = summary;
  const old = before?.totals ?? null;
  const average = totals.average_customer_lifetime_value;
  return h(
    "dl",
    { class: "key-figures grid" },
    figure({
      label: `Lifetime value, next ${days} days`,
      value: shortMoney(totals.customer_lifetime_value),
      exact: money(totals.customer_lifetime_value),
      change: relative(totals.customer_lifetime_value, old?.customer_lifetime_value, "up", signedMoney),
      note: "What all customers together are expected to spend.",
      extra: span(
        "80% ranges of all, added up",
        totals.sum_of_interval_lows,
        totals.customer_lifetime_value,
        totals.sum_of_interval_highs,
      ),
    }),
    figure({
      label: "Average per customer",
      value: money(average),
      change: relative(average, old?.average_customer_lifetime_value, "up", signedMoney),
      note: `Half of the customers are below ${money(summary.customer_lifetime_value.quantiles.p50)}.`,
      extra: span(
        "80% range of one, on average",
        totals.sum_of_interval_lows / totals.customers,
        average,
        totals.sum_of_interval_highs / totals.customers,
      ),
    }),
    figure({
      label: "Expected to leave",
      value: count(totals.expected_churners),
      change: absolute(totals.expected_churners, old?.expected_churners, "down", signedCount),
      note: `Of ${count(totals.customers)} customers, without a purchase in ${days} days. That is ${percent(totals.average_churn_probability)}${pointsSince(totals, old)}.`,
      extra: shareBar("At high or critical risk", totals.share_at_risk, count(totals.customers_at_risk)),
    }),
    figure({
      label: "Value at risk",
      value: shortMoney(totals.value_at_risk),
      exact: money(totals.value_at_risk),
      change: relative(totals.value_at_risk, old?.value_at_risk, "down", signedMoney),
      note: "Lifetime value times the chance of leaving, added up: how much rests on those who may go.",
      extra: shareBar("Of the lifetime value", share(totals.value_at_risk, totals.customer_lifetime_value)),
    }),
  );
}

function figure({ label, value, exact, change, note, extra }) {
  return h(
    "div",
    { class: "panel key-figure" },
    h("dt", { class: "figure-label" }, label),
    h("dd", {}, h("span", { class: "figure", title: exact ?? null }, value), " ", change),
    h("dd", { class: "key-extra" }, extra),
    h("dd", { class: "figure-note" }, note),
  );
}

/** A change in per cent of what was; `good` is the direction one wishes for. */
function relative(now, was, good, format) {
  if (was === undefined || was === null || was === 0) {
    return null;
  }
  return changed(now - was, good, `${signedPercent(now / was - 1)}`, format(now - was));
}

function absolute(now, was, good, format) {
  return was === undefined || was === null ? null : changed(now - was, good, format(now - was), "");
}

function changed(difference, good, text, more) {
  const way = difference === 0 ? "same" : difference > 0 ? "up" : "down";
  const kind = way === "same" ? "" : way === good ? "good" : "bad";
  return h(
    "span",
    { class: `change ${kind}`, title: more || null },
    h("span", { "aria-hidden": "true" }, ARROWS[way]),
    hidden("Change: "),
    text,
  );
}

const ARROWS = { up: "↗", down: "↘", same: "→" };

function pointsSince(totals, old) {
  return old ? ` (${points(totals.average_churn_probability - old.average_churn_probability)})` : "";
}

function share(part, whole) {
  return whole > 0 ? part / whole : 0;
}

/** From low to high with the expectation between: a bar without an axis. */
function span(label, low, middle, high) {
  const at = `${(100 * share(middle - low, high - low)).toFixed(2)}%`;
  return h(
    "div",
    { class: "span" },
    h("span", { class: "span-label" }, label),
    h("span", { class: "span-bar", "aria-hidden": "true" }, h("i", { style: { left: at } })),
    h("span", { class: "span-ends" }, h("span", {}, shortMoney(low)), hidden(" to "), h("span", {}, shortMoney(high))),
  );
}

function shareBar(label, part, told = "") {
  return h(
    "div",
    { class: "span" },
    h("span", { class: "span-label" }, label),
    h("span", { class: "share-bar", "aria-hidden": "true" }, h("i", { style: { width: percentWidth(part) } })),
    h("span", { class: "span-ends" }, h("span", {}, percent(part)), told ? h("span", {}, told) : null),
  );
}

function percentWidth(part) {
  return `${Math.min(part * 100, 100).toFixed(2)}%`;
}
