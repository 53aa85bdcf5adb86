// Questions while somebody types or drags: asked once they pause, and only the last one counts.

import { wasCancelled } from "../../api/problems.js";

/**
 * @param ask (question, signal) => promise of an answer.
 * @param signal Ends everything when the view is left.
 * @param waiting, answered, failed What to do when a question is on its way; with its answer; with
 *   its error.
 * @returns {later(question, pause), now(question)}: `question` is a function, called when the time has
 *   come, that gives the question, or null where there is none.
 */
export function createAsking({ ask, signal, waiting, answered, failed }) {
  let timer = null;
  let running = null;

  function cancel() {
    clearTimeout(timer);
    running?.abort();
    running = null;
  }

  function later(question, pause) {
    cancel();
    waiting();
    timer = setTimeout(() => now(question), pause);
  }

  async function now(question) {
    cancel();
    const asked = question();
    if (asked === null) {
      return;
    }
    waiting();
    const mine = new AbortController();
    running = mine;
    try {
      const answer = await ask(asked, AbortSignal.any([signal, mine.signal]));
      if (running === mine) {
        answered(answer, asked);
      }
    } catch (error) {
      if (running === mine && !wasCancelled(error)) {
        failed(error);
      }
    }
  }

  signal.addEventListener("abort", cancel);
  return { later, now };
}
