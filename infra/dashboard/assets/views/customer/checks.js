// What the contract would refuse, told before anybody is asked.

import { quantity } from "../../parts/format.js";

/** What is wrong with a field's value, in a sentence; null where nothing is. */
export function faultOf(field, value) {
  if (value === null || value === "") {
    return field.required ? "This figure is needed." : null;
  }
  if (field.options) {
    return field.options.includes(value) ? null : `One of ${field.options.join(", ")}.`;
  }
  if (field.text) {
    return field.maxLength !== null && value.length > field.maxLength
      ? `At most ${quantity(field.maxLength)} characters.`
      : null;
  }
  if (!Number.isFinite(value)) {
    return `A number, such as ${quantity(12.5)}.`;
  }
  if (field.minimum !== null && value < field.minimum) {
    return `At least ${quantity(field.minimum)}.`;
  }
  return field.maximum !== null && value > field.maximum ? `At most ${quantity(field.maximum)}.` : null;
}

/** All that is wrong with the values of a record: {field name: sentence}. */
export function faultsOf(fields, values) {
  const found = {};
  for (const field of fields) {
    const fault = faultOf(field, values[field.name] ?? null);
    if (fault !== null) {
      found[field.name] = fault;
    }
  }
  const { recency, tenure_days: tenure } = values;
  if (!found.recency && !found.tenure_days && recency > tenure) {
    const first = fields.find((field) => field.name === "tenure_days").label;
    found.recency = `At most ${quantity(tenure)}, as “${first}” says: nobody buys last before buying first.`;
  }
  return found;
}

/** The API's reasons by field, in the page's words. */
export function faultsOfProblem(problem, fields) {
  return Object.fromEntries(
    problem.errors
      .filter(({ field }) => fields.some(({ name }) => name === field))
      .map(({ field, reason }) => [field, `${inWords(reason, fields)}.`.replace(/\.\.$/, ".")]),
  );
}

/** A text of the API with the labels of the fields in the place of their names. */
export function inWords(text, fields) {
  return fields.reduce(
    (said, { name, label }) => said.replaceAll(new RegExp(`\\b${name}\\b`, "g"), `“${label}”`),
    text,
  );
}
