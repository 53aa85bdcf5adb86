// Which run the page shows, and which one it is compared with.

import { fileName, portfolioRuns, run, runs } from "../../api/portfolio.js";
import { Problem } from "../../api/problems.js";
import { dayAndTime } from "../../parts/format.js";

const OFFERED = 20;
const NOTHING = "nothing";

/**
 * The runs that can be shown, and the two that are.
 *
 * @param asked {run, with}: ids the address names; where it does not, the newest that stands for the
 *   whole shop, and the one before it.
 * @returns {offered, any, shown, before}: entries of the list that succeeded; whether there is any run
 *   at all; the descriptions of two of them, `before` null where there is nothing to compare with.
 */
export async function chosenRuns(client, asked, signal) {
  const { runs: entries } = await runs(client, { limit: OFFERED }, signal);
  const offered = entries.filter((entry) => entry.state === "succeeded" && entry.predicted > 0);
  const whole = portfolioRuns(entries);
  const id = asked.run ?? whole[0]?.run_id;
  if (id === undefined) {
    return { offered, any: entries.length > 0, shown: null, before: null };
  }
  const [shown, before] = await Promise.all([
    run(client, id, signal),
    earlier(client, asked.with ?? theOneBefore(whole, id), signal),
  ]);
  return { offered, any: true, shown, before };
}

/** How a run is called in a list to choose from. */
export function runName(entry) {
  return `${fileName(entry.key)}, ${dayAndTime(entry.updated)}`;
}

export { NOTHING };

// Only files that stand for the whole shop are compared by themselves.
function theOneBefore(whole, id) {
  const at = whole.findIndex((entry) => entry.run_id === id);
  return (at >= 0 ? whole[at + 1]?.run_id : undefined) ?? NOTHING;
}

async function earlier(client, id, signal) {
  if (id === NOTHING) {
    return null;
  }
  try {
    const found = await run(client, id, signal);
    return found.summary ? found : null;
  } catch (error) {
    // The portfolio is worth showing without what it was before.
    if (error instanceof Problem && error.kind === "missing") {
      return null;
    }
    throw error;
  }
}
