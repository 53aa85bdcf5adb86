// The portfolio: what a batch run says of all customers together, and of those with most at stake.

import { fileName } from "../../api/portfolio.js";
import { Problem } from "../../api/problems.js";
import { chart } from "../../charts/chart.js";
import { distributionOf } from "../../charts/distribution.js";
import { fill, h, uniqueId } from "../../parts/dom.js";
import { counted, dayAndTime, signedCount } from "../../parts/format.js";
import { notice, skeleton } from "../../parts/states.js";
import { address, go, remember } from "../../router.js";
import { atRisk, cornerOf } from "./corner.js";
import { customerList } from "./customers.js";
import { densityOf } from "./density.js";
import { keyFigures } from "./figures.js";
import { whyTheyLeave } from "./leaving.js";
import { personaCards } from "./personas.js";
import { NOTHING, chosenRuns, runName } from "./runs.js";
import { EVERYBODY, choiceIn, toRemember } from "./selection.js";
import { warnings } from "./warnings.js";

export const title = "Portfolio";

const ENOUGH_TO_CALL = 10;
const BESIDE = 430; // pixels: as high as the density and what chooses its shade

/** Fill `place` with the portfolio of the run that the address names, or of the newest. */
export async function show(place, context, parameters) {
  fill(place, skeleton("The portfolio", "title", "row", "tall"));
  const asked = { run: parameters.get("run"), with: parameters.get("with") };
  const labels = labelsOf(context); // on the way meanwhile; what needs it is far down
  const [chosen, model] = await Promise.all([
    chosenRuns(context.client, asked, context.signal).catch(goneOr),
    context.model().catch(() => null), // the run is told of without the thresholds of today's model
  ]);
  if (chosen === null) {
    fill(place, gone());
    return null;
  }
  if (chosen.shown?.summary == null) {
    fill(place, nothingToShow(chosen));
    return null;
  }
  return portfolio(place, chosen, model, labels, asked, parameters);
}

function portfolio(place, chosen, model, labels, asked, parameters) {
  const { summary } = chosen.shown;
  const before = chosen.before?.summary ?? null;
  const corner = cornerOf(summary, model);
  const start = { ...EVERYBODY, at_risk: summary.top_customers.filter(atRisk).length >= ENOUGH_TO_CALL ? "yes" : "no" };
  const list = customerList(summary, choiceIn(parameters, start), (choice) =>
    remember("portfolio", { ...asked, ...toRemember(choice, start) }),
  );
  const density = densityPanel(summary, corner);
  const distribution = chart({
    label: "Customers by lifetime value",
    ...distributionOf(summary.customer_lifetime_value, marksOf(summary)),
    height: BESIDE,
  });
  const leaving = h("div", { class: "panel" }, whyTheyLeave(summary.reasons, {}));
  const heading = uniqueId("list");
  const toList = (persona) => {
    list.choose({ ...EVERYBODY, persona });
    document.getElementById(heading).focus();
  };
  fill(
    place,
    header(chosen, asked),
    warnings(chosen.shown, model),
    keyFigures(summary, before),
    section(h("h2", { id: heading, tabindex: "-1" }, "Whom to save first"), LIST_WORDS, list.element),
    h(
      "div",
      { class: "section grid two" },
      density.element,
      panel(
        "What are customers worth?",
        `Lifetime value, which is the expected spend of the next ${summary.horizon_days} days, on a scale where each step to the right is about a quarter more.`,
        distribution.element,
      ),
    ),
    section(
      h("h2", {}, "Who they are"),
      "Five personas by how often, how much and how lately they buy. The strips compare: a persona wider in the last than in the first needs attention.",
      personaCards(summary, before, toList),
    ),
    section(h("h2", {}, "Why customers leave"), null, leaving),
  );
  labels.then((known) => fill(leaving, whyTheyLeave(summary.reasons, known)));
  return () => {
    density.remove();
    distribution.remove();
  };
}

const LIST_WORDS =
  "The customers at high or critical risk with most to lose, and what speaks for their leaving. Open one to see every reason, and to try what would change it.";

function header({ offered, shown, before }, asked) {
  const { status, summary } = shown;
  return h(
    "div",
    { class: "heading" },
    h(
      "div",
      {},
      h("h1", {}, title),
      h(
        "p",
        { class: "what" },
        counted(summary.predicted, "customer"),
        before ? ` (${signedCount(summary.predicted - before.summary.predicted)})` : null,
        ` in “${fileName(status.source.key)}”, scored ${dayAndTime(status.updated)}.`,
      ),
    ),
    offered.length > 1
      ? h(
          "div",
          { class: "run-choice" },
          chooser("Run", offered, status.run_id, (run) => go("portfolio", { run })),
          chooser(
            "Changes since",
            [...offered.filter((entry) => entry.run_id !== status.run_id), null],
            before?.status.run_id ?? null,
            (run) => go("portfolio", { run: asked.run ?? status.run_id, with: run || NOTHING }),
          ),
        )
      : null,
  );
}

function chooser(label, entries, chosen, choose) {
  const id = uniqueId("run");
  return h(
    "div",
    { class: "filter" },
    h("label", { for: id }, label),
    h(
      "select",
      { id, on: { change: (event) => choose(event.target.value) } },
      entries.map((entry) =>
        h(
          "option",
          { value: entry?.run_id ?? "", selected: (entry?.run_id ?? null) === chosen },
          entry ? runName(entry) : "Nothing",
        ),
      ),
    ),
  );
}

function densityPanel(summary, corner) {
  const known = corner.value !== null && corner.churn !== null ? corner : null;
  const drawn = chart({
    label: `${MEASURES.customers} by lifetime value and chance of leaving`,
    ...densityOf(summary.density, known, "customers"),
  });
  const choose = (event) =>
    drawn.update({
      label: `${MEASURES[event.target.value]} by lifetime value and chance of leaving`,
      ...densityOf(summary.density, known, event.target.value),
    });
  const id = uniqueId("measure");
  const element = panel(
    "Who is worth saving?",
    "Each square is customers of like value and risk: the stronger its colour, the more. To the right they are worth more, to the top they are likelier to leave.",
    h(
      "div",
      { class: "filter inline" },
      h("label", { for: id }, "Shade by"),
      h(
        "select",
        { id, on: { change: choose } },
        Object.entries(MEASURES).map(([value, label]) => h("option", { value }, label)),
      ),
    ),
    drawn.element,
  );
  return { element, remove: drawn.remove };
}

const MEASURES = { customers: "Customers", value_at_risk: "Value at risk" };

function marksOf({ customer_lifetime_value: { quantiles }, totals }) {
  const marks = [
    { value: quantiles.p50, label: "Half are below", side: "right" },
    { value: totals.average_customer_lifetime_value, label: "Average", side: "left" },
  ];
  // Few spend much, so the average is above the half; where it is not, the labels change sides.
  return marks[0].value > marks[1].value ? marks.map((mark, at) => ({ ...mark, side: marks[1 - at].side })) : marks;
}

function panel(heading, words, ...content) {
  return h("section", { class: "panel" }, h("h2", {}, heading), h("p", { class: "what" }, words), content);
}

function section(heading, words, content) {
  return h("section", { class: "section" }, heading, words ? h("p", { class: "what" }, words) : null, content);
}

async function labelsOf({ contract }) {
  try {
    const { fields } = await contract();
    return Object.fromEntries(fields.map((field) => [field.name, field.label]));
  } catch {
    return {}; // then the fields go by their own names
  }
}

function goneOr(error) {
  if (error instanceof Problem && error.kind === "missing") {
    return null;
  }
  throw error;
}

function gone() {
  return notice({
    title: "This run is not there any more",
    text: "The link is mistyped, or what came of that file was deleted since.",
    actions: [
      { label: "Show the newest", href: address("portfolio"), primary: true },
      { label: "See all files", href: address("batch") },
    ],
  });
}

function nothingToShow({ any, shown }) {
  if (shown) {
    return notice({
      title: "This run has no summary to show",
      text: "It was written by another release, has no customers, or is not done. Its files can be downloaded all the same.",
      actions: [{ label: "Open the run", href: address("batch", { run: shown.status.run_id }), primary: true }],
    });
  }
  return notice({
    title: any ? "No file has been scored to the end yet" : "No customers yet",
    text: any
      ? "A portfolio is what the last finished run says of all customers together. See how far the runs are, or why they failed."
      : "Drop a file of customers, or of purchases, and this page shows what they are worth, who is about to leave, and whom to call first.",
    actions: [
      { label: any ? "See the runs" : "Drop a file", href: address("batch"), primary: true },
      { label: "Ask about one customer", href: address("customer") },
    ],
  });
}
