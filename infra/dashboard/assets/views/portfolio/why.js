// Why a customer may leave, in the words of the strongest reasons.

import { h } from "../../parts/dom.js";
import { points } from "../../parts/format.js";

const TOLD = 2;

/** The reasons that raise the probability, strongest first; where there is none, that is said. */
export function reasonsToGo({ reasons }) {
  const raising = reasons.filter((reason) => reason.contribution > 0).slice(0, TOLD);
  if (raising.length === 0) {
    return h("span", { class: "figure-note" }, "Nothing in particular; much is at stake because much is expected.");
  }
  return h(
    "ul",
    { class: "reasons" },
    raising.map((reason) =>
      h("li", {}, reason.sentence, " ", h("span", { class: "reason-points" }, points(reason.contribution, 0))),
    ),
  );
}
