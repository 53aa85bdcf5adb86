// Numbers as people type them, in their own notation.
//
// Fields are of text with a decimal keyboard and not type="number": that one follows the browser's
// language in some browsers and the page's in others, takes "1.240,50" for nothing at all without
// saying so, and changes a figure when somebody scrolls over it.

const CENTS = 2;
const FINE = 4;

/** A number as a field shows it to be edited; amounts to the cent. Empty for null. */
export function written(value, isAmount) {
  if (value === null || value === undefined) {
    return "";
  }
  const digits = { maximumFractionDigits: isAmount ? CENTS : FINE };
  return new Intl.NumberFormat(navigator.languages, digits).format(value);
}

/** The number that a text means: null for an empty one, NaN for what is none. */
export function understood(text) {
  const { decimal, group, plain } = notation();
  const bare = plain(text)
    .replace(/[\s\u00a0\u202f'’%\p{Sc}]/gu, "")
    .replace("−", "-");
  if (bare === "") {
    return null;
  }
  const unsigned = bare.replace(/^[-+]/, "");
  const sign = bare.startsWith("-") ? -1 : 1;
  const digits = asDigits(unsigned, decimal, group) ?? asDigits(unsigned, group, decimal);
  return digits === null ? NaN : sign * Number(digits);
}

/** "1240.5" of "1.240,5" where the comma is decimal; null where the text is not of that notation. */
function asDigits(text, decimal, group) {
  const [d, g] = [`\\${decimal}`, `\\${group}`];
  const grouped = new RegExp(`^\\d{1,3}(${g}\\d{2,3})*${g}\\d{3}(${d}\\d*)?$`);
  const simple = new RegExp(`^(\\d+${d}?\\d*|${d}\\d+)$`);
  return grouped.test(text) || simple.test(text) ? text.replaceAll(group, "").replace(decimal, ".") : null;
}

let known = null;

/** The reader's decimal sign and the other one of "." and ",", and a text in their plain characters. */
function notation() {
  known ??= read();
  return known;
}

function read() {
  const format = new Intl.NumberFormat(navigator.languages, { useGrouping: true });
  const parts = format.formatToParts(-12_345.6);
  const signOf = (type) => parts.find((part) => part.type === type)?.value;
  const decimal = signOf("decimal") === "," ? "," : ".";
  const group = decimal === "," ? "." : ",";
  const swaps = new Map([
    [signOf("decimal"), decimal],
    [signOf("group"), group],
    [signOf("minusSign"), "-"],
  ]);
  const digits = new Intl.NumberFormat(navigator.languages, { useGrouping: false });
  for (let digit = 0; digit < 10; digit += 1) {
    swaps.set(digits.format(digit), String(digit));
  }
  const plain = (text) => [...text].map((sign) => swaps.get(sign) ?? sign).join("");
  return { decimal, group, plain };
}
