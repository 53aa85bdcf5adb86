// Files that the page makes itself.

import { h } from "./dom.js";
import { separators } from "./format.js";

/** Hand a file to the reader. */
export function save(name, type, content) {
  const address = URL.createObjectURL(new Blob([content], { type }));
  const link = h("a", { href: address, download: name });
  link.click();
  // The download has begun by the next turn of the event loop; some browsers need a while more.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/**
 * Rows as CSV (RFC 4180) with a byte order mark, by which spreadsheets know that it is UTF-8. Where the
 * reader's language has a decimal comma, its spreadsheet wants that, and semicolons between the cells.
 */
export function csv(rows) {
  const [decimal] = separators();
  const between = decimal === "," ? ";" : ",";
  return `\ufeff${rows.map((row) => row.map((value) => cell(value, decimal)).join(between)).join("\r\n")}\r\n`;
}

function cell(value, decimal) {
  if (value === null || value === undefined) {
    return "";
  }
  if (typeof value === "number") {
    return decimal === "," ? String(value).replace(".", ",") : String(value);
  }
  // A text that a spreadsheet would run as a formula is none any more.
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",;\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
