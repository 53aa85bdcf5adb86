// All runs there were, newest first, a page at a time.

import { fileName, runs } from "../../api/portfolio.js";
import { Problem, wasCancelled } from "../../api/problems.js";
import { announce } from "../../parts/announce.js";
import { fill, h } from "../../parts/dom.js";
import { ago, bytes, count, dayAndTime, percent } from "../../parts/format.js";
import { failureLine, notice } from "../../parts/states.js";
import { address } from "../../router.js";

const PAGE = 10;
const KINDS = { Scored: "number", Refused: "number", Model: "version" };

/**
 * The section with earlier runs: {element, refresh()}; `refresh` begins with the newest again.
 * @param current The run that is shown above, or null.
 */
export function history(context, current = null) {
  const { client, signal } = context;
  const rows = h("tbody", { role: "rowgroup" });
  const place = h("div", {}, h("div", { class: "skeletons" }, h("div", { class: "skeleton row" })));
  const foot = h("div", { class: "history-foot" });
  const heading = h("h2", { id: "history" }, "Files so far");
  const element = h("section", { class: "section", "aria-labelledby": "history" }, heading, place, foot);

  async function load(after = null) {
    try {
      const page = await runs(client, after ? { limit: PAGE, after } : { limit: PAGE }, signal);
      if (after === null) {
        fill(rows);
        fill(place, page.runs.length ? tableOf(rows) : NOTHING());
      }
      rows.append(...page.runs.map((run) => row(run, run.run_id === current)));
      fill(foot, page.next ? older(page.next) : null, page.complete ? null : INCOMPLETE());
      if (after !== null) {
        announce(`${page.runs.length} older runs`);
      }
    } catch (error) {
      if (signal.aborted || wasCancelled(error)) {
        return;
      }
      const problem = error instanceof Problem ? error : new Problem("failed");
      fill(
        after === null ? place : foot,
        failureLine(problem, () => load(after)),
      );
    }
  }

  function older(next) {
    return h("button", { class: "button", type: "button", on: { click: () => load(next) } }, "Older runs");
  }

  load();
  return { element, refresh: () => load() };
}

const NOTHING = () =>
  notice({
    title: "No file was scored yet",
    text: "Drop one above. If you have none at hand, download the example, look how it is made, and drop that.",
  });

const INCOMPLETE = () =>
  h(
    "p",
    { class: "figure-note" },
    "There are more runs than can be looked through at once; some of the older ones are missing.",
  );

// The roles are those that the elements have: said again, as narrow screens stack the cells (batch.css).
function tableOf(rows) {
  const head = (name) => h("th", { scope: "col", role: "columnheader", class: KINDS[name] }, name);
  return h(
    "table",
    { class: "history", role: "table", "aria-labelledby": "history" },
    h(
      "thead",
      { role: "rowgroup" },
      h("tr", { role: "row" }, ["File", "State", "When", "Scored", "Refused", "Model"].map(head)),
    ),
    rows,
  );
}

function row(run, current) {
  const cell = (kind, ...content) => h("td", { role: "cell", class: kind }, ...content);
  const shown = (value) => (run.state === "failed" ? "–" : count(value));
  const number = (value, word) =>
    cell("number", shown(value), h("span", { class: "narrow-only", "aria-hidden": "true" }, word));
  return h(
    "tr",
    { role: "row", class: current ? "current" : null },
    h(
      "th",
      { scope: "row", role: "rowheader" },
      h(
        "a",
        { href: address("batch", { run: run.run_id }), "aria-current": current ? "true" : null },
        fileName(run.key),
      ),
      h("span", { class: "file-size" }, bytes(run.size)),
    ),
    cell("state-cell", state(run)),
    cell("when", h("time", { datetime: run.updated, title: dayAndTime(run.updated) }, ago(run.updated))),
    number(run.predicted, " scored"),
    number(run.rejected, " refused"),
    cell("version", run.model_version ?? "none"),
  );
}

function state({ state: name, predicted, rejected, progress }) {
  if (name === "failed") {
    return h("span", { class: "tag bad" }, "Not scored");
  }
  if (name === "running") {
    return h("span", { class: "tag" }, `Running, ${percent(progress)}`);
  }
  if (predicted === 0) {
    return h("span", { class: "tag bad" }, "Nothing scored");
  }
  return rejected ? h("span", { class: "tag warn" }, "Scored in part") : h("span", { class: "tag good" }, "Scored");
}
