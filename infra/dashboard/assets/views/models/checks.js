// The gates between a trained version and the customers: what each asked, and what it found.

import { h } from "../../parts/dom.js";
import { counted } from "../../parts/format.js";

const ASKED = {
  "Customers of each outcome": "Were there enough who stayed and enough who left?",
  History: "Does the history reach as far as the forecasts?",
  "Transactions without a customer": "Do the purchases have customers?",
  "Parity of the graphs": "Does what answers compute the same as what was trained?",
  "Not worse than the naive forecast": "Is it better than carrying on as before?",
  "Not worse than the live version": "Is it as good as the version before?",
  Bias: "Does the total come true?",
  "Interval coverage": "Do the intervals hold?",
  "Calibration error": "Are the probabilities honest?",
};
const TAGS = { passed: ["good", "✓ passed"], warned: ["warn", "! warned"], failed: ["bad", "✕ failed"] };

/** {figure, words, tag, details} of the gates; `forced` is why it went live all the same. */
export function checks(gates, forced) {
  if (!gates?.length) {
    return {
      figure: "Not recorded",
      words: "This version was published before its checks were kept. Train again to see them.",
      tag: null,
      details: null,
    };
  }
  const { figure, words, kind, label } = summed(gates, forced);
  return {
    figure,
    words,
    tag: h("p", { class: "advice-of-age" }, h("span", { class: `tag ${kind}` }, label)),
    details: h(
      "details",
      { class: "panel checks", open: kind !== "good" },
      h(
        "summary",
        {},
        h("span", { class: "summary-title" }, "What was checked"),
        h("span", { class: "figure-note" }, `${counted(gates.length, "check")}, each with what it found`),
      ),
      forced
        ? h(
            "p",
            { class: "inline-note warn" },
            h("strong", {}, "Made live all the same. "),
            `The reason given: “${forced}”`,
          )
        : null,
      h("ul", { class: "check-list" }, gates.map(line)),
    ),
  };
}

/** In words: {figure, words, kind, label}. */
export function summed(gates, forced) {
  const number = (verdict) => gates.filter((gate) => gate.verdict === verdict).length;
  const [passed, warned, failed] = ["passed", "warned", "failed"].map(number);
  const figure = `${passed} of ${gates.length} passed`;
  if (failed) {
    const words = `${counted(failed, "check")} failed: ${names(gates, "failed")}.`;
    return forced
      ? { figure, words, kind: "bad", label: "✕ Forced by hand" }
      : { figure, words, kind: "bad", label: "✕ Made live by hand" };
  }
  if (warned) {
    return {
      figure,
      words: `${counted(warned, "warning")}: ${names(gates, "warned")}.`,
      kind: "warn",
      label: "! Passed, with a warning",
    };
  }
  return {
    figure: `All ${gates.length} passed`,
    words: "Its data, its figures and what computes them were as they should be.",
    kind: "good",
    label: "✓ Nothing held it back",
  };
}

function names(gates, verdict) {
  return gates
    .filter((gate) => gate.verdict === verdict)
    .map((gate) => gate.name.toLowerCase())
    .join(", ");
}

function line({ name, verdict, detail }) {
  const [kind, words] = TAGS[verdict] ?? ["", verdict];
  return h(
    "li",
    { data: { gate: name } },
    h("span", { class: `tag ${kind}` }, words),
    h(
      "div",
      {},
      h("p", {}, ASKED[name] ?? name),
      h("p", { class: "figure-note" }, ASKED[name] ? `${name}: ${detail}` : detail),
    ),
  );
}
