// A customer in the page's address and on the way to the API.

const CHANGED = "if.";
const UNKNOWN = "unknown";

/**
 * What an address says: {values, changes}. `values` holds what stands there for a field of the
 * contract, as numbers where they are such and else as text, null where the address names no field;
 * `changes` are those of the what-if, null for what is to be unknown.
 */
export function ofAddress(parameters, fields) {
  const values = {};
  const changes = {};
  for (const field of fields) {
    const said = parameters.get(field.name);
    if (said !== null) {
      values[field.name] = asValue(field, said);
    }
    const supposed = parameters.get(CHANGED + field.name);
    if (supposed === UNKNOWN) {
      changes[field.name] = null;
    } else if (supposed !== null && Number.isFinite(asValue(field, supposed))) {
      changes[field.name] = Number(supposed);
    }
  }
  return { values: Object.keys(values).length ? values : null, changes };
}

/** The parameters that reproduce a customer and what is supposed of one. */
export function toAddress(values, changes) {
  const supposed = Object.entries(changes).map(([name, value]) => [CHANGED + name, value ?? UNKNOWN]);
  return { ...values, ...Object.fromEntries(supposed) };
}

/** A record without what is not known. */
export function known(values) {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== null && value !== undefined && value !== ""),
  );
}

/** Purchases so far. Where frequency is from less than a day, it is per one day. */
export function purchases({ frequency, tenure_days: tenure }) {
  return Math.round((frequency * Math.max(tenure, 1)) / 30);
}

function asValue(field, said) {
  if (field.options || field.text || said.trim() === "") {
    return said;
  }
  const number = Number(said);
  return Number.isFinite(number) ? number : said;
}
