// An interval on a scale of its own, where there are no other customers to show it among.

import { fill, h } from "../../parts/dom.js";
import { money } from "../../parts/format.js";

const ROOM = 1.15; // of the scale, beyond the interval

/** @returns {element, update(answer)} */
export function spread(why) {
  const band = h("span", { class: "band" });
  const mark = h("span", { class: "mark" });
  const [low, high, value] = ["low", "high", "value"].map((name) => h("span", { class: name }));
  return {
    element: h(
      "div",
      { class: "spread" },
      h("h3", {}, "How sure is that?"),
      h(
        "div",
        { class: "spread-scale", "aria-hidden": "true" },
        h("div", { class: "rail" }, band, mark),
        low,
        high,
        value,
      ),
      h("p", { class: "inline-note" }, why, " ", h("a", { href: "#/batch" }, "Score a file"), "."),
    ),
    update({ interval, customer_lifetime_value: expected }) {
      const whole = Math.max(interval.high, expected, 0.01) * ROOM;
      const part = (amount) => `${((amount / whole) * 100).toFixed(2)}%`;
      band.style.setProperty("left", part(interval.low));
      band.style.setProperty("width", part(interval.high - interval.low));
      for (const [element, amount] of [
        [mark, expected],
        [low, interval.low],
        [high, interval.high],
        [value, expected],
      ]) {
        element.style.setProperty("left", part(amount));
      }
      fill(low, money(interval.low));
      fill(high, money(interval.high));
      fill(value, money(expected));
    },
  };
}
