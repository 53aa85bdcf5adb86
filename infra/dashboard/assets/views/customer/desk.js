// Form, what-if and answers, and what goes from one to the other.

import { predict } from "../../api/predictions.js";
import { Problem } from "../../api/problems.js";
import { announce } from "../../parts/announce.js";
import { fill, h } from "../../parts/dom.js";
import { money, percent } from "../../parts/format.js";
import { failure, notice } from "../../parts/states.js";
import { remember } from "../../router.js";
import { answers as answersOf } from "./answers.js";
import { createAsking } from "./asking.js";
import { beginnings } from "./beginnings.js";
import { faultsOf, faultsOfProblem } from "./checks.js";
import { recordForm } from "./form.js";
import { copyLink } from "./link.js";
import { known, toAddress } from "./record.js";
import { statusLine } from "./status.js";
import { whatIf } from "./what_if.js";

const TYPING = 250; // milliseconds that somebody who types pauses
const DRAGGING = 120;
const SPOKEN = 900; // until an answer is announced: not each of those on the way

/** @returns {element, begin(values, changes), offer(summary), compare(summary, why)} */
export function desk({ client, session, signal }, contract, model) {
  const { fields, examples } = contract;
  const name = h("h1", {}, "Customer");
  const chooser = beginnings({ examples, chosen: (values) => begin(values, {}) });
  const form = recordForm({ fields, beginnings: chooser.element, changed: typed });
  const status = statusLine({ focus: form.focus, session });
  const supposing = whatIf({ fields, changed: supposed });
  const answers = answersOf({
    model,
    whatIf: supposing.element,
    left: (remove) => signal.addEventListener("abort", remove),
  });
  const asking = createAsking({ ask, signal, waiting: answers.waiting, answered, failed });
  const element = h(
    "div",
    { class: "desk" },
    h("div", { class: "heading" }, h("div", {}, name, status.element), copyLink()),
    h("div", { class: "columns" }, form.element, answers.element),
  );
  let changes = {};
  let asked = null; // the values in the form that were last fit to be asked
  let start = { key: null, answer: null };
  let offline = false;
  let speaking = null;

  function begin(values, supposedOf) {
    form.write(values);
    changes = supposedOf;
    asked = null;
    asking.now(question);
  }

  function typed() {
    chooser.reset();
    const differs = keyOf(known(form.values())) !== keyOf(asked);
    if (differs) {
      changes = {}; // they were of a customer with other figures
    }
    if (differs || form.isFaulty()) {
      asking.later(question, TYPING);
    }
  }

  function supposed(next) {
    changes = next;
    asking.later(question, DRAGGING);
  }

  /** What is to be asked of the form as it is now; null where it cannot be. */
  function question() {
    const values = form.values();
    const faults = faultsOf(fields, values);
    const told = form.faults(faults);
    if (told.length) {
      faulty(told);
    }
    if (Object.keys(faults).length) {
      asked = null;
      return null;
    }
    const record = known(values);
    if (asked === null || keyOf(record) !== keyOf(asked)) {
      asked = record;
      supposing.begin(record, changes);
    }
    fill(name, record.customer_id ? `Customer ${record.customer_id}` : "Customer");
    remember("customer", toAddress(record, changes));
    return { record, changes };
  }

  async function ask({ record, changes: supposedOf }, ending) {
    const key = keyOf(record);
    if (start.key !== key) {
      start = { key, answer: await predict(client, record, ending) };
    }
    if (Object.keys(supposedOf).length === 0) {
      return { answer: start.answer, start: null };
    }
    const before = start.answer;
    return { answer: await predict(client, known({ ...record, ...supposedOf }), ending), start: before };
  }

  function answered(told, { record, changes: supposedOf }) {
    offline = false;
    status.clear();
    answers.update(told, { ...record, ...supposedOf });
    supposing.update(told);
    clearTimeout(speaking);
    speaking = setTimeout(() => announce(spoken(told.answer)), SPOKEN);
  }

  function failed(error) {
    const problem = error instanceof Problem ? error : new Problem("failed");
    if (problem !== error) {
      console.error(error);
    }
    const told = form.faults(faultsOfProblem(problem, fields));
    if (told.length) {
      faulty(told);
      return;
    }
    offline = problem.kind === "offline" || problem.kind === "unreachable";
    const retry = () => asking.now(question);
    if (answers.old()) {
      status.failed(problem, retry, true);
    } else {
      status.clear();
      answers.instead(failure(problem, { retry, signIn: session.required ? () => session.signIn() : null }));
    }
  }

  function faulty(told) {
    const before = answers.old();
    status.faulty(
      fields.filter(({ name: each }) => told.includes(each)),
      before,
    );
    if (!before) {
      form.unfold();
      answers.instead(notice(NOTHING));
    }
  }

  addEventListener("online", () => offline && asking.now(question), { signal });
  signal.addEventListener("abort", () => clearTimeout(speaking));

  return { element, begin, offer: chooser.offer, compare: answers.compare };
}

const NOTHING = {
  title: "Nothing to answer yet",
  text: "Four figures are enough: when the customer first and last bought, how often, and for how much. Or start from one of your customers.",
};

function keyOf(record) {
  return JSON.stringify(record);
}

function spoken({ value_at_risk: atRisk, churn_probability: churn, risk_category: risk, segment_name: persona }) {
  return `Value at risk ${money(atRisk)}, chance of leaving ${percent(churn)}, ${risk}, ${persona}`;
}
