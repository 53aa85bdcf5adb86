// Asking again and again, and less and less often; not at all while nobody looks.

import { Problem } from "../../api/problems.js";

const FIRST = 500; // milliseconds
const LONGEST = 5_000;
const GROWTH = 1.4;
const PASSING = new Set(["offline", "unreachable", "slow", "unavailable"]);

/**
 * Call `ask` until it answers true.
 * @param trouble (problem | null) => …: what keeps it from an answer for now, and that this is over.
 * @throws what will not pass by itself, or the reason of `signal`.
 */
export async function poll(ask, signal, trouble) {
  for (let pause = FIRST; ; pause = Math.min(pause * GROWTH, LONGEST)) {
    await seen(signal);
    try {
      const done = await ask();
      trouble(null);
      if (done) {
        return;
      }
    } catch (error) {
      if (!(error instanceof Problem && PASSING.has(error.kind))) {
        throw error;
      }
      trouble(error);
    }
    await rest(pause, signal);
  }
}

/** Until the tab is looked at. */
function seen(signal) {
  return until(signal, (done, { signal: ended }) => {
    const look = () => document.hidden || done();
    document.addEventListener("visibilitychange", look, { signal: ended });
    look();
  });
}

/** For a while, or until the network is back. */
function rest(milliseconds, signal) {
  return until(signal, (done, { signal: ended }) => {
    setTimeout(done, milliseconds);
    addEventListener("online", done, { signal: ended });
  });
}

async function until(signal, begin) {
  signal.throwIfAborted();
  const over = new AbortController();
  try {
    await new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { signal: over.signal });
      begin(resolve, over);
    });
  } finally {
    over.abort();
  }
}
