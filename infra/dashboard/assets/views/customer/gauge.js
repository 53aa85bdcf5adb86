// A probability on a half circle of the four risks: own drawing, there before any library is.

import { fill, h, svg } from "../../parts/dom.js";
import { percent } from "../../parts/format.js";

const MIDDLE = { x: 120, y: 112 };
const RADIUS = 86;
const GAP = 0.006; // of the half circle, between two zones

/**
 * @param categories The model's risks with where each begins: [{name, at_least}].
 * @returns {element, update(probability, category)}
 */
export function gauge(categories) {
  const zones = categories.map(({ name, at_least: from }, place) => {
    const to = categories[place + 1]?.at_least ?? 1;
    return svg("path", { class: `zone zone-${place + 1}`, d: arc(from + GAP, to - GAP), data: { name } });
  });
  const borders = categories.slice(1).map(({ at_least: from }) => {
    const { x, y } = at(from, RADIUS + 17);
    return svg("text", { x, y, class: "border", "text-anchor": anchor(from) }, percent(from));
  });
  const needle = svg(
    "g",
    { class: "needle" },
    svg("path", {
      d: `M${MIDDLE.x} ${MIDDLE.y - 5} L${MIDDLE.x - RADIUS + 16} ${MIDDLE.y} L${MIDDLE.x} ${MIDDLE.y + 5} Z`,
    }),
    svg("circle", { cx: MIDDLE.x, cy: MIDDLE.y, r: 8 }),
  );
  const drawing = svg("svg", { viewBox: "0 0 240 126", role: "img", class: "dial" }, zones, borders, needle);
  const words = categories.map(({ name, at_least: from }, place) => {
    const mark = h("span", { class: `dot zone-${place + 1}`, "aria-hidden": "true" });
    return h("li", { data: { name } }, mark, name, h("span", { class: "from" }, `from ${percent(from)}`));
  });
  const figure = h("p", { class: "figure" });
  return {
    element: h("div", { class: "gauge" }, drawing, figure, h("ul", { class: "zones" }, words)),
    update(probability, category) {
      needle.style.setProperty("--turn", `${probability * 180}deg`);
      [...zones, ...words].forEach((zone) => zone.classList.toggle("current", zone.dataset.name === category));
      drawing.setAttribute("aria-label", `${percent(probability)} on a scale from 0 to 100 %: ${category}`);
      fill(figure, percent(probability));
    },
  };
}

function at(share, radius) {
  const angle = Math.PI * (1 - share);
  return { x: MIDDLE.x + radius * Math.cos(angle), y: MIDDLE.y - radius * Math.sin(angle) };
}

function arc(from, to) {
  const [a, b] = [at(Math.max(from, 0), RADIUS), at(Math.min(to, 1), RADIUS)];
  return `M${a.x.toFixed(2)} ${a.y.toFixed(2)} A${RADIUS} ${RADIUS} 0 0 1 ${b.x.toFixed(2)} ${b.y.toFixed(2)}`;
}

function anchor(share) {
  if (share < 0.4) {
    return "end";
  }
  return share > 0.6 ? "start" : "middle";
}
