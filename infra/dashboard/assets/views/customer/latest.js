// The customers whom the shop has, as the latest finished run found them.

import { portfolioRuns, run, runs } from "../../api/portfolio.js";

const LOOKED_AT = 20; // runs: the latest may have failed, or still be going on

/** The summary of the latest run that stands for the shop; null where there is none among the newest. */
export async function latestSummary(client, signal) {
  const { runs: found } = await runs(client, { limit: LOOKED_AT }, signal);
  const [latest] = portfolioRuns(found);
  return latest ? (await run(client, latest.run_id, signal)).summary : null;
}

/** The record of one of a summary's customers, with the id: what the form begins with. */
export function recordOf(customer) {
  return { ...(customer.customer_id === null ? {} : { customer_id: customer.customer_id }), ...customer.record };
}

/** The share of a distribution's customers (0 to 1) who are worth less than `value`; null for nobody. */
export function shareBelow({ edges, customers }, value) {
  const total = customers.reduce((sum, number) => sum + number, 0);
  const below = customers.reduce((sum, number, place) => {
    const [from, to] = [edges[place], edges[place + 1] ?? Infinity];
    const within = to === Infinity ? 0 : Math.min(Math.max((value - from) / (to - from), 0), 1);
    return sum + number * within;
  }, 0);
  return total === 0 ? null : below / total;
}
