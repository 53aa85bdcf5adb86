import { chart } from "../../charts/chart.js";
import { distributionOf } from "../../charts/distribution.js";
import { run, runs } from "../../api/portfolio.js";
import { h, fill } from "../../parts/dom.js";
import { skeleton } from "../../parts/states.js";

export const title = "Portfolio";

export async function show(place, { client, signal }) {
  fill(place, skeleton("The portfolio", "title", "row", "tall"));
  const { runs: found } = await runs(client, { limit: 10 }, signal);
  const { summary } = await run(client, found[0].run_id, signal);
  const drawn = chart({ label: "Lifetime value of the customers", ...distributionOf(summary.customer_lifetime_value, [{ value: summary.customer_lifetime_value.quantiles.p50, label: "Median" }]) });
  fill(place, h("div", { class: "heading" }, h("h1", {}, title)), h("div", { class: "panel" }, drawn.element));
  return drawn.remove;
}
