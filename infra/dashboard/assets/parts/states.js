// What stands where there is nothing to show: why, and what to do next.

import { h } from "./dom.js";

/** A view that is being fetched: grey shapes in the places of what will come. */
export function skeleton(label, ...shapes) {
  const blocks = shapes.map((shape) => h("div", { class: `skeleton ${shape}` }));
  return h(
    "div",
    { class: "skeletons", role: "status" },
    h("span", { class: "visually-hidden" }, `${label} is loading`),
    blocks,
  );
}

/**
 * A message with a heading, a text and what to do next.
 * @param actions [{label, href | run, primary}]
 */
export function notice({ kind = "empty", title, text, actions = [], details = [] }) {
  return h(
    "section",
    { class: `state ${kind}`, role: kind === "failure" ? "alert" : null },
    h("div", { class: "state-mark", "aria-hidden": "true" }, MARKS[kind]),
    h("h2", {}, title),
    h("p", {}, text),
    details.length > 1
      ? h(
          "ul",
          {},
          details.map((each) => h("li", {}, each)),
        )
      : details.map((each) => h("p", {}, each)),
    actions.length ? h("p", { class: "actions" }, actions.map(action)) : null,
  );
}

/**
 * What a Problem means to a reader, and what to do.
 * @param retry Does again what failed.
 * @param signIn Where somebody can sign in: starts it.
 */
export function failure(problem, { retry, signIn } = {}) {
  const words = WORDS[problem.kind] ?? WORDS.failed;
  const again = retry ? [{ label: "Try again", run: retry, primary: true }] : [];
  const signedOut = problem.kind === "signed-out" || problem.kind === "sign-in";
  const actions = signedOut && signIn ? [{ label: "Sign in", run: signIn, primary: true }] : again;
  return notice({
    kind: problem.kind === "signed-out" ? "signed-out" : "failure",
    title: words.title,
    text: words.text,
    details: [
      ...(problem.detail && words.told ? [problem.detail] : []),
      ...problem.errors.map(({ field, reason }) => `${field}: ${reason}`),
    ],
    actions,
  });
}

/** The same in one line, for a place within a view that goes on working. */
export function failureLine(problem, retry) {
  const words = WORDS[problem.kind] ?? WORDS.failed;
  return h(
    "p",
    { class: "inline-failure", role: "alert" },
    h("strong", {}, words.title),
    ` ${problem.detail && words.told ? problem.detail : words.text} `,
    retry ? action({ label: "Try again", run: retry }) : null,
  );
}

const MARKS = { empty: "○", failure: "!", "signed-out": "→", done: "✓" };

// `told`: the API's own words say more than these.
const WORDS = {
  offline: {
    title: "You are offline",
    text: "This device has no connection. What is on the page stays; connect, and try again.",
  },
  unreachable: {
    title: "Foretell does not answer",
    text: "The API cannot be reached. It may be starting, stopped, or behind a network that this browser is not in.",
  },
  slow: {
    title: "The answer takes too long",
    text: "No answer within half a minute. It may be a busy moment: trying again usually helps.",
  },
  "signed-out": {
    title: "Please sign in",
    text: "You are not signed in, or your session has run out.",
  },
  "sign-in": {
    title: "Signing in did not work",
    text: "Nobody is signed in, so there is nothing to be seen yet.",
    told: true,
  },
  forbidden: {
    title: "You may not see this",
    text: "You are signed in, but without the right to this. Whoever runs Foretell in your company can give it.",
  },
  invalid: { title: "This cannot be asked", text: "Something in the request is not valid.", told: true },
  missing: { title: "There is nothing here", text: "It does not exist, or does not exist any more.", told: true },
  "too-large": { title: "That is too much", text: "More than the API takes at once.", told: true },
  unavailable: {
    title: "Foretell cannot answer right now",
    text: "The service is up, but not able to answer.",
    told: true,
  },
  failed: {
    title: "Something went wrong",
    text: "The failure was logged. The same request may work later.",
  },
};

function action({ label, href, run, primary }) {
  const kind = primary ? "button primary" : "button";
  return href
    ? h("a", { class: kind, href }, label)
    : h("button", { class: kind, type: "button", on: { click: run } }, label);
}
