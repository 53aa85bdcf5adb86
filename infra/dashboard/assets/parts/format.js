// Numbers, money and moments in the reader's language; formats are made once, as that is slow.

const made = new Map();
let currency = null;

/** The currency of all money from now on: an ISO 4217 code, or null for bare numbers. */
export function useCurrency(code) {
  currency = code;
  made.clear();
}

/** A count: 4,958. */
export const count = (value) => number(value, { maximumFractionDigits: 0 });

/** A quantity as people enter it: 0.95, 412. */
export const quantity = (value) => number(value, { maximumSignificantDigits: 5 });

/** A share of 1 in per cent; `digits` after the point. */
export const percent = (share, digits = 0) =>
  number(share, { style: "percent", maximumFractionDigits: digits, minimumFractionDigits: digits });

/** A difference of probabilities, in percentage points, with its sign. */
export const points = (difference, digits = 1) =>
  `${signed(difference * 100, { maximumFractionDigits: digits, minimumFractionDigits: digits })} pts`;

/** An amount: whole above a hundred, else to the cent. */
export const money = (amount) => number(amount, cents(amount));

/** An amount in few characters: 586K, 1.2M; a whole one without cents. */
export const shortMoney = (amount) => {
  if (Math.abs(amount) >= 1_000) {
    return number(amount, { ...coin(), ...COMPACT });
  }
  return Number.isInteger(amount) ? number(amount, { ...coin(), maximumFractionDigits: 0 }) : money(amount);
};

/** A count in few characters. */
export const shortCount = (value) => number(value, COMPACT);

/** A change with its sign: +1,204; -3. */
export const signedCount = (value) => signed(value, { maximumFractionDigits: 0 });
export const signedMoney = (value) => signed(value, Math.abs(value) < 1_000 ? cents(value) : { ...coin(), ...COMPACT });
export const signedPercent = (share, digits = 1) =>
  signed(share, { style: "percent", maximumFractionDigits: digits, minimumFractionDigits: digits });

/** A factor: × 1.9. */
export const factor = (value) => `× ${number(value, { maximumSignificantDigits: value < 1 ? 2 : 3 })}`;

/** A day, from "2025-12-31", a moment in ISO 8601, or a Date. */
export const day = (value) => moment(value, { dateStyle: "medium" });

/** A day and a time. */
export const dayAndTime = (value) => moment(value, { dateStyle: "medium", timeStyle: "short" });

/** How long ago: "3 hours ago". */
export function ago(value, now = new Date()) {
  const seconds = (new Date(value) - now) / 1_000;
  const [unit, length] = UNITS.find(([, each]) => Math.abs(seconds) >= each) ?? ["second", 1];
  return formatter("ago", () => new Intl.RelativeTimeFormat(language(), { numeric: "auto" })).format(
    Math.round(seconds / length),
    unit,
  );
}

/** Bytes: 4.2 MB. */
export function bytes(size) {
  const step = Math.min(Math.floor(Math.log10(Math.max(size, 1)) / 3), 3);
  const unit = ["byte", "kilobyte", "megabyte", "gigabyte"][step];
  return number(size / 1_000 ** step, {
    style: "unit",
    unit,
    unitDisplay: step ? "short" : "long",
    maximumFractionDigits: step ? 1 : 0,
  });
}

/** "1 customer", "4,958 customers". */
export const counted = (value, one, many = `${one}s`) => `${count(value)} ${value === 1 ? one : many}`;

/** The currency's sign in front of or behind bare numbers; empty where there is no currency. */
export function currencySign() {
  if (currency === null) {
    return "";
  }
  const parts = formatter("sign", () => new Intl.NumberFormat(language(), coin())).formatToParts(0);
  return parts.find((part) => part.type === "currency").value;
}

/** Separators for charts, as Plotly wants them: decimal, thousands. */
export function separators() {
  const parts = formatter("separators", () => new Intl.NumberFormat(language())).formatToParts(12_345.6);
  const of = (type, otherwise) => parts.find((part) => part.type === type)?.value ?? otherwise;
  return of("decimal", ".") + of("group", "");
}

const COMPACT = { notation: "compact", maximumSignificantDigits: 3 };
const UNITS = [
  ["year", 31_557_600],
  ["month", 2_629_800],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

function language() {
  return navigator.languages;
}

function formatter(key, make) {
  if (!made.has(key)) {
    made.set(key, make());
  }
  return made.get(key);
}

function number(value, options) {
  return formatter(JSON.stringify(options), () => new Intl.NumberFormat(language(), options)).format(value);
}

function signed(value, options) {
  return number(value, { ...options, signDisplay: "exceptZero" });
}

function coin() {
  return currency === null ? {} : { style: "currency", currency, currencyDisplay: "narrowSymbol" };
}

function cents(amount) {
  const digits = Math.abs(amount) < 100 ? 2 : 0;
  return { ...coin(), minimumFractionDigits: digits, maximumFractionDigits: digits };
}

function moment(value, options) {
  // A bare day is no moment: read as one, it would be the day before west of Greenwich.
  const bare = typeof value === "string" && /^\d{4}-\d{2}-\d{2}$/.test(value);
  const zone = bare ? { timeZone: "UTC" } : {};
  return formatter(
    `${bare}${JSON.stringify(options)}`,
    () => new Intl.DateTimeFormat(language(), { ...options, ...zone }),
  ).format(new Date(value));
}
