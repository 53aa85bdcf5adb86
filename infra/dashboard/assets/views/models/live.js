// The version in service: how old, learnt from what, and whether it passed its checks.

import { h } from "../../parts/dom.js";
import { ago, count, counted, day, percent } from "../../parts/format.js";
import { cardButton } from "./card.js";
import { checks } from "./checks.js";

const DAY = 86_400_000;

/** The panel at the top. */
export function live(model, context) {
  const { data, gates, forced, horizon_days: horizon } = model;
  const verdict = checks(gates, forced);
  return h(
    "section",
    { class: "in-service", "aria-label": "The version in service" },
    h(
      "div",
      { class: "grid cards" },
      figure(
        "Knows the shop up to",
        day(data.as_of),
        [`${ago(data.as_of)}, as version `, h("code", {}, model.model_version)],
        age(data.as_of, horizon),
      ),
      figure(
        "Learnt from",
        count(data.transactions),
        `${data.transactions === 1 ? "purchase" : "purchases"} by ${counted(data.customers, "customer")} in ${counted(days(data.first_day, data.last_day), "day")}, from ${day(data.first_day)} to ${day(data.last_day)}`,
      ),
      figure(
        "Churn rate it saw",
        percent(data.churn_rate),
        `of ${counted(data.training_customers, "customer")} bought nothing in the ${count(model.training_horizon_days ?? horizon)} days after ${day(data.label_cutoff)}`,
      ),
      figure("Checks before it went live", verdict.figure, verdict.words, verdict.tag),
    ),
    verdict.details,
    h(
      "div",
      { class: "card-offer" },
      h(
        "p",
        {},
        h("strong", {}, "The model card"),
        " tells all of this, and what the models are not for, on one page for colleagues, auditors and your files. It opens anywhere, without a network.",
      ),
      cardButton(model.model_version, context, { label: "Download the model card", primary: true }),
    ),
  );
}

function figure(label, value, note, tag = null) {
  return h(
    "div",
    { class: "panel" },
    h("p", { class: "figure-label" }, label),
    h("p", { class: "figure" }, value),
    h("p", { class: "figure-note" }, note),
    tag,
  );
}

// What it foretold at first is over by then, and newer purchases would tell more.
function age(asOf, horizon) {
  const old = (Date.now() - new Date(asOf)) / DAY;
  return old > horizon
    ? h(
        "p",
        { class: "advice-of-age" },
        h("span", { class: "tag warn" }, "Older than it looks ahead"),
        ` It foretells ${counted(horizon, "day")}, and they are over: train it with newer purchases.`,
      )
    : null;
}

function days(first, last) {
  return Math.round((new Date(last) - new Date(first)) / DAY) + 1;
}
