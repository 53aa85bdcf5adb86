// How the version in service came to be it: what went live when, and what that changed.

import { modelHistory } from "../../api/model.js";
import { Problem, wasCancelled } from "../../api/problems.js";
import { fill, h } from "../../parts/dom.js";
import { ago, counted, day, dayAndTime, signedCount } from "../../parts/format.js";
import { failureLine, skeleton } from "../../parts/states.js";
import { cardButton } from "./card.js";
import { summed } from "./checks.js";
import { compared, figureOf, found, HEADLINES } from "./measures.js";
import { wayBack } from "./way_back.js";

const AT_ONCE = 3; // older changes are folded away
const COMPARED = ["AUC", "Calibration error", "Top-decile share", "MAE"];

/** The section, filled when the history is known. */
export function history(context) {
  const place = h("div", { class: "model-history" });
  const ask = async () => {
    fill(place, skeleton("The history", "row", "row"));
    try {
      const { changes, complete } = await modelHistory(context.client, context.signal);
      fill(place, told(changes, complete, context));
    } catch (error) {
      if (error instanceof Problem) {
        fill(place, failureLine(error, ask));
      } else if (!wasCancelled(error)) {
        throw error;
      }
    }
  };
  ask();
  return h("section", { class: "section" }, h("h2", {}, "What was before it"), place);
}

function told(changes, complete, context) {
  const entries = changes.map((change, place) => entry(change, place, changes[place + 1] ?? null, complete, context));
  const older = entries.splice(AT_ONCE);
  return [
    h("ol", { class: "changes" }, entries),
    older.length
      ? h(
          "details",
          { class: "older" },
          h("summary", {}, counted(older.length, "older change")),
          h("ol", { class: "changes", start: AT_ONCE + 1 }, older),
        )
      : null,
    complete ? null : h("p", { class: "figure-note" }, "Older changes are left out."),
    wayBack(changes, complete),
  ];
}

function entry(change, place, before, complete, context) {
  const { version, action, at, live } = change;
  const now = live && place === 0;
  return h(
    "li",
    { class: now ? "panel live-now" : "panel", data: { version, action } },
    h(
      "div",
      { class: "change-head" },
      h("h3", {}, action === "rollback" ? "Back to an older version" : "A version went live"),
      live ? h("span", { class: `tag ${now ? "good" : ""}` }, now ? "in service" : "in service again") : null,
    ),
    h(
      "p",
      { class: "when" },
      h("time", { datetime: at }, `${dayAndTime(at)}, ${ago(at)}`),
      " · ",
      h("code", {}, version),
    ),
    change.problem
      ? unreadable(change.problem)
      : [data(change, before), figures(change, before, complete), verdict(change)],
    change.problem ? null : cardButton(version, context, { label: "Its model card" }),
  );
}

function unreadable(problem) {
  return h(
    "p",
    { class: "inline-note warn" },
    h("strong", {}, "Nothing is known of this version. "),
    `${problem} It cannot be compared; the other entries are not touched by that.`,
  );
}

function data(change, before) {
  const more = (name) => (before?.[name] ? against(change[name] - before[name]) : "");
  return h(
    "p",
    {},
    `Knows ${counted(change.customers, "customer")}${more("customers")} as they were on ${day(change.as_of)}, from ${counted(change.transactions, "purchase")}${more("transactions")} up to ${day(change.last_day)}; looks ${counted(change.horizon_days, "day")} ahead.`,
  );
}

const against = (difference) => (difference === 0 ? "" : ` (${signedCount(difference)})`);

function figures(change, before, complete) {
  const known = HEADLINES.filter(({ name }) => COMPARED.includes(name)).flatMap((headline) => {
    const metric = found(change.metrics, headline.model, headline.name);
    return metric ? [{ headline, metric, was: found(before?.metrics, headline.model, headline.name) }] : [];
  });
  return [
    h(
      "dl",
      { class: "change-figures" },
      known.map(({ headline, metric, was }) => figure(headline, metric, was)),
    ),
    h("p", { class: "figure-note" }, beside(before, complete)),
  ];
}

function figure(headline, metric, was) {
  return h(
    "div",
    { data: { measure: metric.name } },
    h("dt", {}, headline.short),
    h("dd", {}, h("strong", {}, headline.write(metric.value)), " ", was ? moved(metric, was) : null),
  );
}

function moved(metric, was) {
  const { change } = figureOf(metric.name);
  const by = change(metric.value - was.value);
  if (by === change(0)) {
    return h("span", { class: "moved" }, "as before");
  }
  const better = compared(metric, metric.value, was.value) < 0;
  return h("span", { class: `moved ${better ? "better" : "worse"}` }, `${by}, ${better ? "better" : "worse"}`);
}

function beside(before, complete) {
  if (before === null) {
    return complete
      ? "The first version that was ever live: there is none to compare it with."
      : "The one before is not in this list.";
  }
  if (!before.metrics) {
    return "The version before cannot be read, so there is nothing to compare with.";
  }
  return "Each version was measured on customers and days of its own, so small differences may be chance.";
}

function verdict({ gates, forced }) {
  if (!gates?.length) {
    return null;
  }
  const { figure: passed, words, kind, label } = summed(gates, forced);
  if (kind === "good") {
    return null;
  }
  return h(
    "p",
    {},
    h("span", { class: `tag ${kind}` }, label),
    ` ${passed}. ${words}`,
    forced ? ` The reason given: “${forced}”` : null,
  );
}
