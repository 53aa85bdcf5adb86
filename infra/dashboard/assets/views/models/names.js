// What fields of the record, models and other methods are called in front of a reader.

/** The method that everything here is about. */
export const OURS = "Foretell";

/** What a model foretells. */
export const MODELS = { churn: "Who leaves", clv: "What customers are worth", segment: "Which persona they are" };

const METHODS = {
  Naive: "carries every customer on as before: past spend per day, and churn by the days since the last purchase",
  "Pareto/NBD + Gamma-Gamma": "the classic statistical model of how customers buy and stop buying",
  "Fifths by spend": "five equally large groups by total spend, nothing else",
};

/** How another method works, in half a sentence; null for one nobody foresaw. */
export const methodMeaning = (name) => METHODS[name] ?? null;

/** Its name where there is little room. */
export const shortMethod = (name) => name.split(" + ")[0];

/** From the contract (null where it could not be had) to a function: the label of a field. */
export function labelsOf(contract) {
  const known = new Map((contract?.fields ?? []).map(({ name, label, unit }) => [name, withUnit(label, unit)]));
  return (name) => known.get(name) ?? sentence(name);
}

// "Last purchase" alone says no more than that there was one.
function withUnit(label, unit) {
  return unit === "days ago" ? `${label}, ${unit}` : label;
}

function sentence(name) {
  const words = name.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
