// What becomes of a file that S3 has: its run, followed until it ends.

import { fileName, run, runs } from "../../api/portfolio.js";
import { Problem, wasCancelled } from "../../api/problems.js";
import { announce } from "../../parts/announce.js";
import { fill, h } from "../../parts/dom.js";
import { counted, count, percent } from "../../parts/format.js";
import { failure, failureLine } from "../../parts/states.js";
import { poll } from "./poll.js";
import { failed, succeeded } from "./result.js";

const AGAIN = "Asked again by itself.";
const LATE_NOTE =
  "This takes longer than usual. Many files may be waiting; if nothing comes in a quarter of an hour, tell whoever runs Foretell.";
const LATE = 60_000; // milliseconds after which a run should have begun

/**
 * A panel that follows a run, given by its id, or by the key of its file as long as it has none.
 * @param found (run id) => …, once it is known.
 * @param ended () => …, when the run is over.
 */
export function runPanel(context, { id = null, key = null, found = () => {}, ended = () => {} }) {
  const body = h("div", { class: "run-body" });
  const trouble = h("div", {});
  const panel = h(
    "section",
    { class: "panel run", "aria-label": key ? `Run of ${fileName(key)}` : "Run" },
    body,
    trouble,
  );
  const { client, signal } = context;
  const tell = (problem) => fill(trouble, problem && [failureLine(problem), h("p", { class: "figure-note" }, AGAIN)]);

  async function follow() {
    fill(trouble);
    try {
      id ??= await begun();
      found(id);
      const last = await over();
      panel.setAttribute("aria-label", `Run of ${fileName(last.status.source.key)}`);
      fill(body, last.status.state === "failed" ? failed(last) : succeeded(last, context));
      ended(last);
    } catch (error) {
      refused(error);
    }
  }

  async function begun() {
    const since = performance.now();
    let one = null;
    await poll(
      async () => {
        [one = null] = (await runs(client, { key, limit: 1 }, signal)).runs;
        fill(body, waiting(fileName(key), performance.now() - since > LATE));
        return one !== null;
      },
      signal,
      tell,
    );
    return one.run_id;
  }

  async function over() {
    let last = null;
    let shown = null;
    await poll(
      async () => {
        last = await run(client, id, signal);
        if (last.status.state === "running") {
          shown ??= running(body);
          shown(last.status);
          return false;
        }
        return true;
      },
      signal,
      tell,
    );
    if (shown !== null || key !== null) {
      announce(outcome(last.status));
    }
    return last;
  }

  function refused(error) {
    if (signal.aborted || wasCancelled(error)) {
      return;
    }
    if (!(error instanceof Problem)) {
      console.error(error);
    }
    const problem = error instanceof Problem ? error : new Problem("failed");
    const signIn = context.session.signIn ? () => context.session.signIn() : null;
    fill(body);
    fill(trouble, failure(problem, { retry: follow, signIn }));
  }

  fill(body, key ? waiting(fileName(key), false) : h("div", { class: "skeleton row" }));
  follow();
  return panel;
}

function waiting(name, late) {
  return [
    h("h2", {}, name),
    h("progress", { "aria-label": `Waiting for ${name} to be scored` }),
    h("p", { class: "file-line" }, "S3 has it. Scoring starts within seconds; you may leave, it goes on without you."),
    late ? h("p", { class: "inline-note warn" }, LATE_NOTE) : null,
  ];
}

/** Fills the place once, and returns what keeps it up to date: nothing flickers, and focus stays. */
function running(body) {
  const bar = h("progress", { max: 1 });
  const heading = h("h2", {});
  const line = h("p", { class: "file-line" });
  fill(body, heading, bar, line);
  return (status) => {
    const name = fileName(status.source.key);
    heading.textContent = name;
    bar.setAttribute("aria-label", `Scoring of ${name}`);
    bar.value = status.progress;
    line.textContent = soFar(status);
  };
}

function soFar({ progress, rows, rows_per_second: speed, rejected, content }) {
  if (rows === 0) {
    return content === null
      ? "Scoring has begun: looking at what is in the file."
      : `Scoring: ${percent(progress)} done.`;
  }
  const refused = rejected ? `, ${counted(rejected, "row")} refused so far` : "";
  return `Scoring: ${percent(progress)} done, ${counted(rows, "row")} read at ${count(speed)} rows per second${refused}.`;
}

function outcome({ state, source, predicted, rejected }) {
  const name = fileName(source.key);
  if (state === "failed") {
    return `${name} could not be scored`;
  }
  return `${name} is scored: ${counted(predicted, "customer")} predicted, ${counted(rejected, "row")} refused`;
}
