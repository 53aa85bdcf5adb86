// How to undo it.

import { h } from "../../parts/dom.js";

/** What to type to return to the version before, of changes as in GET /model/history. */
export function wayBack(changes, complete) {
  const target = complete ? rollbackTarget(changes) : null;
  if (complete && target === null) {
    return h(
      "p",
      { class: "way-back figure-note" },
      "No version was live before this one that a rollback could return to. ",
      h("code", {}, "foretell versions"),
      " lists all that were published, and ",
      h("code", {}, "foretell promote"),
      " makes any of them live.",
    );
  }
  return h(
    "div",
    { class: "way-back" },
    h("p", {}, "To go back, in a terminal: ", h("code", { class: "command" }, "foretell rollback")),
    h(
      "p",
      { class: "figure-note" },
      target
        ? ["It makes ", h("code", {}, target), " live again. "]
        : "It makes the version live again that was live before. ",
      "The functions take it up within a minute; this version stays in the registry.",
    ),
  );
}

// A promotion goes on top, a rollback takes the top away; null where nothing is below.
function rollbackTarget(changes) {
  const stack = [];
  for (const { action, version } of [...changes].reverse()) {
    if (action === "rollback") {
      stack.pop();
    } else {
      stack.push(version);
    }
  }
  return stack.at(-2) ?? null;
}
