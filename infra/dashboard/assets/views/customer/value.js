// What a customer will be worth, among the others, and what makes it so.

import { chart } from "../../charts/chart.js";
import { distributionOf } from "../../charts/distribution.js";
import { fill, h } from "../../parts/dom.js";
import { factor, money, percent } from "../../parts/format.js";
import { ledger } from "./ledger.js";
import { shareBelow } from "./latest.js";
import { spread } from "./spread.js";
import { ROWS, valueSteps } from "./steps.js";
import { figuresTable } from "./table.js";

const HEIGHT = 340;

/**
 * @param left Calls what it is given when the view is left.
 * @returns {element, update(answer), compare(summary, why)}: `compare` gives the portfolio's summary,
 *   or null and a sentence why there is none.
 */
export function valuePanel(left) {
  const place = h("div", { class: "among" });
  const what = h("p", { class: "what" });
  const steps = ledger("What makes the lifetime value, strongest first", ROWS);
  const table = figuresTable("All that makes the lifetime value");
  const element = h(
    "section",
    { class: "panel value" },
    h("h2", {}, "What will they be worth, and why?"),
    what,
    h(
      "div",
      { class: "pair" },
      place,
      h("div", {}, h("h3", {}, "From the typical customer to this one"), steps.element, table.element),
    ),
  );
  let among = null;
  let latest = null;

  function update(answer) {
    latest = answer;
    const { interval, horizon_days: days } = answer;
    fill(
      what,
      `About ${money(answer.customer_lifetime_value)} within ${days} days. Of ten such customers eight spend between ${money(interval.low)} and ${money(interval.high)}, and half spend less than ${money(interval.median)}.`,
    );
    steps.update(valueSteps(answer));
    table.update({
      columns: ["Fact", "Multiplies the value by"],
      rows: [
        ["A typical customer", money(answer.typical_value)],
        ...answer.drivers.map(({ sentence, factor: by }) => [sentence, factor(by)]),
        ["This customer", money(answer.customer_lifetime_value)],
      ],
    });
    among?.update(answer);
  }

  return {
    element,
    update,
    compare(summary, why) {
      among = summary ? distribution(summary.customer_lifetime_value, left) : spread(why);
      fill(place, among.element);
      if (latest) {
        among.update(latest);
      }
    },
  };
}

/** The portfolio's distribution with the customer in it, drawn with the first answer. */
function distribution(customers, left) {
  const element = h("div", {}, h("h3", {}, "Among all your customers"));
  let drawn = null;

  function shown(answer) {
    const { customer_lifetime_value: value, interval } = answer;
    const share = shareBelow(customers, value);
    return {
      label: `Lifetime value of all customers; this one is worth ${money(value)}, likely ${money(interval.low)} to ${money(interval.high)}`,
      caption: `${share === null ? "" : `Worth more than ${percent(share)} of your customers. `}Shaded: where eight of ten like this one end up.`,
      ...distributionOf(customers, [
        { value, label: "This customer", low: interval.low, high: interval.high, strong: true },
      ]),
      height: HEIGHT,
    };
  }

  return {
    element,
    update(answer) {
      if (drawn) {
        drawn.update(shown(answer));
        return;
      }
      drawn = chart(shown(answer));
      element.append(drawn.element);
      left(drawn.remove);
    },
  };
}
