// One line above the answers, always there: what the view is for, or what keeps it from answering.

import { announce } from "../../parts/announce.js";
import { fill, h } from "../../parts/dom.js";
import { counted } from "../../parts/format.js";
import { failureLine } from "../../parts/states.js";

const REST = "The answers follow as you type, and the link leads back to them.";
const OLD = "The answers below are of the figures before.";

/**
 * @param focus Called with a field's name when somebody wants to mend it.
 * @param session The page's, for whoever has to sign in.
 * @returns {element, clear(), faulty(fields), failed(problem, retry, answered)}
 */
export function statusLine({ focus, session }) {
  const element = h("div", { class: "status-line" });

  function clear() {
    fill(element, h("p", { class: "what" }, REST));
  }

  clear();
  return {
    element,
    clear,
    faulty(fields, answered) {
      announce(`To be corrected: ${fields.map(({ label }) => label).join(", ")}`);
      const mend = ({ name, label }) =>
        h("button", { class: "button plain small", type: "button", on: { click: () => focus(name) } }, label);
      fill(
        element,
        h(
          "p",
          { class: "inline-note warn" },
          h(
            "strong",
            {},
            fields.length === 1
              ? "A figure needs a correction:"
              : `${counted(fields.length, "figure")} need a correction:`,
          ),
          fields.map(mend),
          answered ? OLD : null,
        ),
      );
    },
    failed(problem, retry, answered) {
      const signIn = problem.kind === "signed-out" && session.required;
      const line = failureLine(problem, signIn ? null : retry);
      if (signIn) {
        line.append(h("button", { class: "button", type: "button", on: { click: () => session.signIn() } }, "Sign in"));
      }
      if (answered) {
        line.append(` ${OLD}`);
      }
      fill(element, line);
    },
  };
}
