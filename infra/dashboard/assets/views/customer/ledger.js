// From one figure to another by steps, each with its words beside its bar: a waterfall that can be
// read on a telephone, and by a screen reader as the list that it is.

import { fill, h } from "../../parts/dom.js";

/**
 * @param label What the list is of.
 * @param length How many rows to leave room for, so that nothing below moves when one falls away.
 * @returns {element, update({rows, ticks})}. A row is {label, figure, from, to, kind}: `kind` is
 *   "start", "worse", "better" (for the shop) or "end"; `from` and `to` are places from 0 to 1 on the scale that
 *   `ticks` [{at, text}] name.
 */
export function ledger(label, length) {
  const scale = h("div", { class: "ledger-scale", "aria-hidden": "true" }, h("div", { class: "ledger-ticks" }));
  const list = h("ol", { class: "ledger", "aria-label": label, style: { "--rows": length } });
  const shown = [];

  function row(place) {
    shown[place] ??= emptyRow();
    return shown[place];
  }

  return {
    element: h("div", { class: "ledger-frame" }, scale, list),
    update({ rows, ticks }) {
      fill(
        scale.firstChild,
        ticks.map(({ at, text }) => h("span", { style: { left: part(at) } }, text)),
      );
      const lines = ticks.map(({ at }) => h("span", { class: "line", style: { left: part(at) } }));
      rows.forEach((each, place) =>
        row(place).update(
          each,
          lines.map((line) => line.cloneNode()),
        ),
      );
      fill(
        list,
        rows.map((_, place) => row(place).element),
      );
    },
  };
}

function emptyRow() {
  const label = h("span", { class: "ledger-label" });
  const lines = h("span", { class: "ledger-lines" });
  const [into, bar, out] = ["into", "bar", "out"].map((name) => h("span", { class: name }));
  const track = h("span", { class: "ledger-track", "aria-hidden": "true" }, lines, into, bar, out);
  const figure = h("span", { class: "ledger-figure" });
  const element = h("li", {}, label, " ", track, figure);
  return {
    element,
    update({ label: words, figure: number, from, to, kind }, ticks) {
      element.className = kind;
      fill(label, words);
      fill(figure, number);
      fill(lines, ticks);
      bar.style.setProperty("left", part(Math.min(from, to)));
      bar.style.setProperty("width", part(Math.abs(to - from)));
      into.style.setProperty("left", part(from));
      out.style.setProperty("left", part(to));
    },
  };
}

function part(share) {
  return `${(share * 100).toFixed(2)}%`;
}
