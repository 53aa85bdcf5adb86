// The files of this visit, sent one after the other. They go on while other views are looked at.

import { allowUpload } from "../../api/portfolio.js";
import { Problem } from "../../api/problems.js";
import { announce } from "../../parts/announce.js";
import { send } from "./send.js";
import { troubleOf } from "./words.js";

const TRIES = 5;
const SOON = 1_000; // milliseconds

let ofThisVisit = null;

/** The transfers of the page: all views see the same. */
export function transfers(client) {
  ofThisVisit ??= create(client);
  return ofThisVisit;
}

/**
 * A transfer: {file, name, size, state, sent, since, tries, problem, key, run}. States: "waiting", "asking"
 * (for leave), "sending", "arrived" (`key` is known), "refused" (never sent), "failed", "cancelled".
 */
function create(client) {
  const all = [];
  const listeners = new Set();
  let busy = false;

  function change(transfer, changes) {
    Object.assign(transfer, changes);
    listeners.forEach((listener) => listener(transfer));
  }

  function add(file, refusal) {
    const transfer = { file, name: file.name, size: file.size, sent: 0, tries: 0, stop: null, key: null, run: null };
    all.unshift(transfer);
    if (refusal === null) {
      wait(transfer);
    } else {
      change(transfer, { state: "refused", file: null, problem: new Problem("invalid", { detail: refusal }) });
      announce(`${file.name} is not sent. ${refusal}`);
    }
  }

  function wait(transfer) {
    change(transfer, { state: "waiting", problem: null, sent: 0 });
    next();
  }

  async function next() {
    const transfer = all.findLast((each) => each.state === "waiting");
    if (busy || transfer === undefined) {
      return;
    }
    busy = true;
    addEventListener("beforeunload", hold);
    await carry(transfer);
    removeEventListener("beforeunload", hold);
    busy = false;
    next();
  }

  async function carry(transfer) {
    const stop = new AbortController();
    const { signal } = stop;
    try {
      change(transfer, { state: "asking", stop });
      const form = await allowUpload(client, transfer.file, signal);
      change(transfer, { state: "sending", since: performance.now() });
      announce(`Sending ${transfer.name}`);
      await send(form, transfer.file, { signal, progress: (sent) => change(transfer, { sent }) });
      change(transfer, { state: "arrived", key: form.key, file: null });
      announce(`${transfer.name} has arrived, and is going to be scored`);
    } catch (error) {
      if (signal.aborted) {
        change(transfer, { state: "cancelled" });
      } else {
        await failed(transfer, known(error), signal);
      }
    }
  }

  async function failed(transfer, problem, signal) {
    if (problem.kind === "unreachable" && transfer.tries > 0) {
      // A browser says that it is online a moment before it is.
      await new Promise((resolve) => setTimeout(resolve, SOON));
      change(transfer, { state: signal.aborted ? "cancelled" : "waiting", tries: transfer.tries - 1 });
      return;
    }
    change(transfer, { state: "failed", problem });
    announce(`${transfer.name}: ${troubleOf(problem).title}`);
  }

  function cancel(transfer) {
    announce(`${transfer.name} was cancelled`);
    if (transfer.state === "waiting") {
      change(transfer, { state: "cancelled" });
    } else {
      transfer.stop.abort();
    }
  }

  function dismiss(transfer) {
    all.splice(all.indexOf(transfer), 1);
    change(transfer, { state: "dismissed" });
  }

  addEventListener("online", () => {
    for (const transfer of all.filter(({ state, problem }) => state === "failed" && problem.kind === "offline")) {
      transfer.tries = TRIES;
      wait(transfer);
    }
  });

  return {
    all,
    add,
    again: wait,
    cancel,
    dismiss,
    /** Call `listener` with each transfer that changes, until `signal` ends it. */
    watch(listener, signal) {
      listeners.add(listener);
      signal.addEventListener("abort", () => listeners.delete(listener));
    },
  };
}

/** Has the browser ask before a file is lost on its way. */
function hold(event) {
  event.preventDefault();
}

function known(error) {
  if (error instanceof Problem) {
    return error;
  }
  console.error(error);
  return new Problem("failed");
}
