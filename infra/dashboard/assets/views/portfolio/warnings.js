// What a reader should know before trusting the figures below.

import { h } from "../../parts/dom.js";
import { counted, day } from "../../parts/format.js";
import { address } from "../../router.js";

/**
 * @param run The run that is shown: {status, summary}.
 * @param model The live model, or null where it is not known.
 */
export function warnings({ status, summary }, model) {
  const found = [];
  if (summary.drift.verdict === "drifted" || summary.drift.verdict === "shifted") {
    const { drift } = summary;
    const moved = drift.fields.filter((field) => field.verdict === drift.verdict).length;
    found.push([
      `These customers are not like those the model learnt from: ${counted(moved, "field has", "fields have")} ${drift.verdict}.`,
      { href: address("models"), label: "See which" },
    ]);
  }
  if (summary.rejected > 0) {
    found.push([
      `${counted(summary.rejected, "row was", "rows were")} refused and ${summary.rejected === 1 ? "is" : "are"} not in these figures.`,
      { href: address("batch", { run: status.run_id }), label: "See why" },
    ]);
  }
  if (model && daysSince(model.data.last_day) > summary.horizon_days) {
    found.push([
      `The model knows nothing after ${day(model.data.last_day)}, longer ago than the ${summary.horizon_days} days it looks ahead: these forecasts are over.`,
      { href: address("models"), label: "See what it knows" },
    ]);
  }
  if (model && model.model_version !== summary.model_version) {
    found.push([
      `Scored by model ${summary.model_version}, which is not the live one any more.`,
      { href: address("batch"), label: "Score a file again" },
    ]);
  }
  return found.length
    ? h(
        "ul",
        { class: "warnings" },
        found.map(([text, { href, label }]) =>
          h("li", { class: "inline-note warn" }, text, " ", h("a", { href }, label)),
        ),
      )
    : null;
}

function daysSince(date) {
  return (Date.now() - Date.parse(date)) / 86_400_000;
}
