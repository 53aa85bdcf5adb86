// What a what-if changes in a figure: as displayed, so that a reader can check the sum.

import { h } from "../../parts/dom.js";
import { money, percent, points, signedMoney } from "../../parts/format.js";

const whole = (share) => Math.round(share * 100) / 100;
const coins = (amount) => (Math.abs(amount) < 100 ? Math.round(amount * 100) / 100 : Math.round(amount));

/** The kinds of figures: how one is told, and how a difference; whether more of it is welcome. */
export const PROBABILITY = {
  told: (share) => percent(share),
  by: (a, b) => whole(b) - whole(a),
  change: (by) => points(by, 0),
  welcome: -1,
};
export const AT_RISK = { told: money, by: (a, b) => coins(b) - coins(a), change: signedMoney, welcome: -1 };
export const WORTH = { ...AT_RISK, welcome: 1 };

/** "was 70 %, −24 pts" as nodes, coloured and with an arrow by whether that is welcome. */
export function changeOf(kind, before, now) {
  const by = kind.by(before, now);
  if (by === 0) {
    return h("span", { class: "moved-by" }, "as at the start");
  }
  const verdict = Math.sign(by) === kind.welcome ? "good" : "bad";
  return h(
    "span",
    { class: `moved-by ${verdict}` },
    h("span", { "aria-hidden": "true" }, by > 0 ? "▲ " : "▼ "),
    h("strong", {}, kind.change(by)),
    ` from ${kind.told(before)}`,
  );
}

/** "70 % → 46 % (−24 pts)" as text. */
export function moveOf(kind, before, now) {
  const by = kind.by(before, now);
  return by === 0 ? `stays at ${kind.told(now)}` : `${kind.told(before)} → ${kind.told(now)} (${kind.change(by)})`;
}
