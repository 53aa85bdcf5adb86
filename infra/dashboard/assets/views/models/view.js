// The model that answers: whether to believe it, how it was measured, and what was before it.

import { Problem } from "../../api/problems.js";
import { fill, h } from "../../parts/dom.js";
import { notice, skeleton } from "../../parts/states.js";
import { calibration } from "./calibration.js";
import { coverage } from "./coverage.js";
import { drift } from "./drift.js";
import { headlines } from "./headlines.js";
import { history } from "./history.js";
import { importances } from "./importances.js";
import { live } from "./live.js";
import { measureTables } from "./measure_tables.js";
import { labelsOf } from "./names.js";
import { tenths } from "./tenths.js";
import { thresholds } from "./thresholds.js";

export const title = "Models";

const NOT_RECORDED =
  "The version in service was published before such figures were kept. Train again (foretell train), and they stand here.";

/** Show the live version; throws what keeps it from being shown at all. */
export async function show(place, context) {
  fill(place, skeleton("The model", "title", "row", "tall", "tall"));
  const described = await inService(place, context);
  if (described === null) {
    return undefined;
  }
  const labels = await context.contract().then(labelsOf, () => labelsOf(null));
  if (context.signal.aborted) {
    return undefined;
  }
  return tell(place, context, described, labels);
}

async function inService(place, { model }) {
  try {
    return await model();
  } catch (error) {
    if (error instanceof Problem && error.status === 503) {
      fill(place, untrained(error));
      return null;
    }
    throw error;
  }
}

function tell(place, context, model, labels) {
  const charts = model.evaluation?.tenths
    ? [calibration(model.evaluation), tenths(model.evaluation), coverage(model)]
    : [];
  fill(
    place,
    h(
      "div",
      { class: "heading" },
      h(
        "div",
        {},
        h("h1", {}, title),
        h(
          "p",
          { class: "what" },
          "How far to believe the forecasts on the other pages: what the version in service learnt from, and how often it was right about customers it had never seen.",
        ),
      ),
    ),
    live(model, context),
    headlines(model),
    measureTables(model),
    h(
      "section",
      { class: "section" },
      h("h2", {}, "Told, and what then happened"),
      charts.length
        ? h(
            "div",
            { class: "model-charts" },
            charts.map((each) => each.element),
          )
        : h("p", { class: "inline-note" }, NOT_RECORDED),
    ),
    importances(model, labels),
    drift(model, labels, context),
    thresholds(model),
    history(context),
  );
  return () => charts.forEach((each) => each.remove());
}

function untrained(problem) {
  return notice({
    title: "No model is in service",
    text: [
      problem.detail ? `The API says: ${problem.detail}. ` : "",
      "If none was ever trained, a log of purchases is all it takes; afterwards this page fills by itself:",
      h("code", { class: "command" }, "foretell train --transactions orders.csv"),
      "The file needs three columns: customer_id, timestamp and amount.",
    ],
    actions: [
      { label: "Look again", run: () => dispatchEvent(new HashChangeEvent("hashchange")), primary: true },
      { label: "What the API answers", href: "/docs/" },
    ],
  });
}
