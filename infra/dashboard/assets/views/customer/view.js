// One customer: what is known, what follows, what would be, and what to do.

import { Problem } from "../../api/problems.js";
import { fill, h } from "../../parts/dom.js";
import { failure, skeleton } from "../../parts/states.js";
import { desk } from "./desk.js";
import { latestSummary, recordOf } from "./latest.js";
import { ofAddress } from "./record.js";

export const title = "Customer";

const NO_RUN = "No file has been scored yet, so there are no other customers to see this one among.";
const NO_ANSWER = "Your other customers could not be fetched, so this one stands alone.";

/** See main.js. The parameters are fields of the record, and those of the what-if. */
export async function show(place, context, parameters) {
  fill(place, skeleton("The customer", "title", "row", "tall"));
  // Asked for at once with the rest; others to compare with are a help, and no condition.
  const portfolio = latestSummary(context.client, context.signal).then(
    (summary) => ({ summary, why: summary ? null : NO_RUN }),
    () => ({ summary: null, why: NO_ANSWER }),
  );
  let contract, model;
  try {
    [contract, model] = await Promise.all([context.contract(), context.model()]);
  } catch (error) {
    if (!(error instanceof Problem)) {
      throw error;
    }
    fill(
      place,
      h("h1", {}, title),
      refusal(error, context, () => show(place, context, parameters)),
    );
    return;
  }
  if (context.signal.aborted) {
    return;
  }
  const { values, changes } = ofAddress(parameters, contract.fields);
  const shown = desk(context, contract, model);
  fill(place, shown.element);
  if (values) {
    shown.begin(values, changes);
  }
  const { summary, why } = await portfolio;
  if (context.signal.aborted) {
    return;
  }
  if (summary) {
    shown.offer(summary);
  }
  shown.compare(summary, why);
  if (!values) {
    const most = summary?.top_customers[0];
    shown.begin(most ? recordOf(most) : contract.examples[0].record, {});
  }
}

function refusal(problem, { session }, retry) {
  return failure(problem, { retry, signIn: session.required ? () => session.signIn() : null });
}
