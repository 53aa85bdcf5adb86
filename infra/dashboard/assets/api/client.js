// Requests to the API: one place for its address, the token, patience, and what can go wrong.

import { Problem, problemOf } from "./problems.js";

const PATIENCE = 30_000; // milliseconds; API Gateway gives up after as many

/**
 * @param base The API's address without a slash at its end; empty for this origin.
 * @param session Gives tokens: see session/session.js.
 */
export function createClient(base, session) {
  /** The decoded JSON of an answer. Throws Problem, or AbortError where `signal` says so. */
  async function ask(path, { body, signal } = {}) {
    const response = await send(path, { body, signal });
    try {
      return await response.json();
    } catch (error) {
      throw translated(error, signal);
    }
  }

  /** The text of an answer that is no JSON. */
  async function text(path, { signal } = {}) {
    return (await send(path, { signal })).text();
  }

  async function send(path, { body, signal }) {
    const response = await attempt(path, body, signal);
    if (response.status === 401 && (await session.renew())) {
      // The token may have run out a moment ago: a new one is tried once.
      return accepted(await attempt(path, body, signal));
    }
    return accepted(response);
  }

  async function attempt(path, body, signal) {
    const timeout = AbortSignal.timeout(PATIENCE);
    const headers = await session.headers();
    if (body !== undefined) {
      headers["Content-Type"] = "application/json";
    }
    try {
      return await fetch(base + path, {
        method: body === undefined ? "GET" : "POST",
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
        cache: "no-store",
      });
    } catch (error) {
      throw translated(error, signal);
    }
  }

  return { ask, text };
}

async function accepted(response) {
  if (!response.ok) {
    throw await problemOf(response);
  }
  return response;
}

function translated(error, signal) {
  if (signal?.aborted) {
    return signal.reason ?? error;
  }
  if (error.name === "TimeoutError") {
    return new Problem("slow");
  }
  return new Problem(navigator.onLine ? "unreachable" : "offline");
}
