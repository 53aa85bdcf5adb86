// Files that were dropped, and what came of them.

/** A page of runs, newest first: {runs, next, complete}. Options: limit, key, after. */
export function runs(client, options, signal) {
  return client.ask(`/portfolio/runs?${new URLSearchParams(options)}`, { signal });
}

/** One run: {status, summary, links}. */
export function run(client, id, signal) {
  return client.ask(`/portfolio/runs/${encodeURIComponent(id)}`, { signal });
}

/** Leave to upload a file: {url, fields, key, expires, at_most_bytes}. */
export function allowUpload(client, file, signal) {
  return client.ask("/portfolio/uploads", { body: { file_name: file.name, size: file.size }, signal });
}

const SMALL = 0.1; // of the customers of the largest file

/**
 * Those of a list of runs that can stand for the shop: they succeeded, and hold at least a tenth of the
 * customers that the largest of them holds. A few rows that somebody tried do not.
 */
export function portfolioRuns(entries) {
  const scored = entries.filter((entry) => entry.state === "succeeded" && entry.predicted > 0);
  const largest = Math.max(...scored.map((entry) => entry.predicted), 0);
  return scored.filter((entry) => entry.predicted >= SMALL * largest);
}

/** The name of a run's file, without the folders of its key. */
export function fileName(key) {
  return key.slice(key.lastIndexOf("/") + 1);
}
