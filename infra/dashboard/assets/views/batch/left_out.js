// What rejected.csv says of the rows in it, for runs whose summary does not: those of logs.

const READ = 256 * 1024; // bytes of what may be a very long file

/**
 * The kinds of fault in a run's rejected.csv, most frequent first: {kinds, rows, whole}, kinds as
 * those of a summary ({field, reason, rows, first_row}); `whole` is false where only the beginning,
 * `rows` rows, was read.
 * @throws TypeError where S3 cannot be reached, Error where it refuses.
 */
export async function leftOut(address, signal) {
  const response = await fetch(address, { headers: { Range: `bytes=0-${READ - 1}` }, signal });
  if (!response.ok) {
    throw new Error(`S3 answered ${response.status}`);
  }
  const text = await response.text();
  const whole = response.status === 200 || new TextEncoder().encode(text).length < READ;
  const [, ...rows] = table(text);
  const read = whole ? rows : rows.slice(0, -1); // the last one is cut off
  return { kinds: kindsOf(read), rows: read.length, whole };
}

function kindsOf(rows) {
  const kinds = new Map();
  for (const [row, field, reason] of rows) {
    const kind = kinds.get(field + reason) ?? { field, reason, rows: 0, first_row: Number(row) };
    kind.rows += 1;
    kinds.set(field + reason, kind);
  }
  return [...kinds.values()].sort((one, other) => other.rows - one.rows);
}

/** Rows of cells (RFC 4180); a row that ends within quotes is what it is. */
function table(text) {
  const rows = [];
  let cells = [];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"?|([^,\n]*))(,|\r?\n|$)/g)) {
    cells.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end !== ",") {
      if (cells.length > 1) {
        rows.push(cells);
      }
      cells = [];
    }
  }
  return rows;
}
