// Whether the customers of the latest file are like those the model learnt from.

import { portfolioRuns, run, runs } from "../../api/portfolio.js";
import { Problem, wasCancelled } from "../../api/problems.js";
import { fill, h, hidden } from "../../parts/dom.js";
import { count, counted, dayAndTime, percent, quantity } from "../../parts/format.js";
import { failureLine, skeleton } from "../../parts/states.js";

const SHIFTED = 0.1;
const DRIFTED = 0.25;
const LOOK_BACK = 20; // runs; one that succeeded will be among them

const WORDS = {
  stable: {
    kind: "good",
    tag: "✓ Alike",
    say: "The customers of the latest file are like those the model learnt from.",
    act: "Nothing to do: its forecasts are about customers it knows.",
  },
  shifted: {
    kind: "warn",
    tag: "! Somewhat different",
    say: "The customers of the latest file differ somewhat from those the model learnt from.",
    act: "Look at the fields below: did a campaign, a season or the export change them? Train again when the purchases of a few more weeks are in.",
  },
  drifted: {
    kind: "bad",
    tag: "! Different",
    say: "The customers of the latest file are not those the model learnt from.",
    act: "First make sure that the file means the same by each field (units, gaps, another system). If it does, train again with newer purchases before you act on these forecasts.",
  },
  "too few rows": {
    kind: "",
    tag: "Too few to tell",
    say: "The latest file has too few customers to be compared with those the model learnt from.",
    act: "Fewer than 500 differ by chance alone. Score the whole shop for an answer.",
  },
};
const SHORT = { stable: "alike", shifted: "somewhat different", drifted: "different", "too few rows": "too few" };

/** The section, filled when the latest run is known. */
export function drift(model, labels, context) {
  const place = h("div", { class: "customer-drift" });
  const ask = async () => {
    fill(place, skeleton("The comparison", "row"));
    try {
      const summary = await latestSummary(context);
      fill(place, summary?.drift ? told(summary, model, labels) : nothing(summary));
    } catch (error) {
      if (error instanceof Problem) {
        fill(place, failureLine(error, ask));
      } else if (!wasCancelled(error)) {
        throw error;
      }
    }
  };
  ask();
  return h("section", { class: "section" }, h("h2", {}, "Are today’s customers those it knows?"), place);
}

async function latestSummary({ client, signal }) {
  const { runs: found } = await runs(client, { limit: LOOK_BACK }, signal);
  const [latest] = portfolioRuns(found);
  if (latest === undefined) {
    return null;
  }
  const { status, summary } = await run(client, latest.run_id, signal);
  return { ...summary, updated: status.updated };
}

function nothing(summary) {
  return h(
    "p",
    { class: "inline-note" },
    summary === null
      ? "No file was scored yet, so there are no customers to compare with. "
      : "The latest file was scored by a release that did not compare its customers. ",
    h("a", { href: "#/batch" }, "Score a file of customers"),
    ", and the comparison stands here.",
  );
}

function told(summary, model, labels) {
  const { verdict, fields } = summary.drift;
  const words = WORDS[verdict];
  return h(
    "div",
    { class: "panel", data: { verdict } },
    h("p", {}, h("span", { class: `tag ${words.kind}` }, words.tag)),
    h("p", { class: "lead" }, words.say),
    h("p", {}, words.act),
    h(
      "p",
      { class: "figure-note" },
      `From the file of ${dayAndTime(summary.updated)}, ${counted(summary.predicted, "customer")}, scored by `,
      summary.model_version === model.model_version
        ? "this version."
        : `version ${summary.model_version}, which is not the one in service now.`,
    ),
    fieldsOf(fields, verdict, labels),
  );
}

function fieldsOf(fields, verdict, labels) {
  const ordered = [...fields].sort((a, b) => (b.psi ?? 0) - (a.psi ?? 0));
  return h(
    "details",
    { class: "fields", open: verdict === "shifted" || verdict === "drifted" },
    h("summary", {}, `Field by field (${count(fields.length)})`),
    h(
      "p",
      { class: "figure-note" },
      `Distance is the population stability index: under ${quantity(SHIFTED)} customers are alike, over ${quantity(DRIFTED)} they are different. What is no larger than by chance means nothing.`,
    ),
    h(
      "div",
      { class: "scroll", tabindex: "0", role: "group", "aria-label": "Distance of each field" },
      h(
        "table",
        { class: "drift-fields" },
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            h("th", { scope: "col" }, "Field"),
            h("th", { scope: "col" }, "Customers are"),
            ["Distance", "By chance", "Without a value now", "In training"].map((name) =>
              h("th", { scope: "col", class: "number" }, name),
            ),
          ),
        ),
        h(
          "tbody",
          {},
          ordered.map((field) => row(field, labels)),
        ),
      ),
    ),
  );
}

function row({ name, psi, psi_by_chance: chance, missing, missing_in_training: usual, verdict }, labels) {
  const long = Math.min((psi ?? 0) / (2 * DRIFTED), 1);
  return h(
    "tr",
    { data: { field: name } },
    h("th", { scope: "row" }, labels(name)),
    h("td", {}, h("span", { class: `tag ${WORDS[verdict].kind}` }, SHORT[verdict])),
    h(
      "td",
      { class: "number distance" },
      h(
        "span",
        { class: "bar", "aria-hidden": "true" },
        h("span", { class: `of-${verdict.replaceAll(" ", "-")}`, style: { width: `${(100 * long).toFixed(1)}%` } }),
      ),
      h("span", { class: "psi" }, figure(psi)),
    ),
    h("td", { class: "number" }, figure(chance)),
    h("td", { class: "number" }, share(missing)),
    h("td", { class: "number" }, share(usual)),
  );
}

const none = () => [h("span", { "aria-hidden": "true" }, "–"), hidden("none")];
const figure = (value) => (value === null ? none() : quantity(Number(value.toFixed(3))));
const share = (value) => (value === null ? none() : percent(value, value > 0 && value < 0.1 ? 1 : 0));
