// How far a figure can be dragged: within the contract, and around what it is for this customer.

const STEPS = 100;

// What somebody may want to suppose of a customer, in this order. `least` is how far a slider
// reaches for small figures, too; `whole` figures move by one.
export const SUPPOSED = {
  recency: { least: 365, whole: true },
  frequency: { least: 2, whole: false },
  support_tickets: { least: 10, whole: true },
  email_open_rate: { least: 100, whole: true },
  monetary: { least: 100, whole: false },
};

/**
 * A slider's steps for a field: {steps, valueAt(step), stepOf(value)}. The step that is nearest to
 * the customer's own figure is exactly that figure, so that whoever drags back is back.
 *
 * @param own The customer's figure; null where it is not known.
 */
export function rangeOf(field, own, record) {
  const { least, whole } = SUPPOSED[field.name];
  const limits = [field.maximum, field.name === "recency" ? record.tenure_days : null];
  const wanted = roundUp(Math.max(least, 2 * (own ?? 0)));
  const highest = Math.min(wanted, ...limits.filter((limit) => limit !== null));
  const size = whole ? 1 : highest / STEPS;
  const steps = Math.floor(highest / size);
  const nearest = (value) => Math.min(Math.max(Math.round(value / size), 0), steps);
  return {
    steps,
    stepOf: nearest,
    valueAt: (step) => (own !== null && step === nearest(own) ? own : Number((step * size).toPrecision(6))),
  };
}

function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 1.5, 2, 2.5, 3, 4, 5, 7.5, 10].find((step) => step * power >= value) * power;
}
