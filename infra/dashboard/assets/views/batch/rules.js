// Which files are not even sent, and why: as the API would refuse them, but before they travel.

import { bytes } from "../../parts/format.js";

const WORKBOOK = /\.(xlsx?|xlsm|ods|numbers)$/i;

/** The endings that a name may have: [".csv", ".csv.gz"], from the pattern of the contract. */
export function endings({ pattern }) {
  return pattern
    .slice(1, -2)
    .split("|")
    .map((ending) => ending.replaceAll("\\.", ".").replace(/\[(\w)\w\]/g, "$1"));
}

/**
 * Why a file is not sent; null where nothing speaks against it.
 * @param rules `upload` of the contract, or null where that could not be had: then the API decides.
 */
export function refusal({ name, size }, rules) {
  if (size === 0) {
    return "The file is empty. Export the customers once more, and check that rows come with them.";
  }
  if (rules === null) {
    return null;
  }
  if (WORKBOOK.test(name)) {
    return "This is a workbook. In your spreadsheet, save the sheet with the customers as CSV, and drop that.";
  }
  if (!new RegExp(rules.pattern).test(name)) {
    return `Files of this kind cannot be scored. The name has to end in ${listed(endings(rules))}.`;
  }
  if (name.length > rules.longest) {
    return `The name is too long: rename the file to ${rules.longest} characters or fewer.`;
  }
  if (size > rules.largest) {
    return `${bytes(size)} is too much for one upload, ${bytes(rules.largest)} is the most. Compress the file, or split it.`;
  }
  return null;
}

/** "a, b or c". */
export function listed(words, last = "or") {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} ${last} ${words.at(-1)}`;
}
