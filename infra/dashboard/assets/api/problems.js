// What can go wrong between the page and the API, in the few kinds that need different words.

/** An answer that did not come, or came as a refusal. */
export class Problem extends Error {
  /**
   * @param kind "offline", "unreachable", "slow", "signed-out", "sign-in", "forbidden", "invalid", "missing",
   *   "too-large", "unavailable" or "failed".
   * @param detail The API's own words, or null.
   * @param errors Faulty fields as the API names them: [{field, reason}].
   */
  constructor(kind, { status = null, detail = null, errors = [] } = {}) {
    super(detail ?? kind);
    this.name = "Problem";
    this.kind = kind;
    this.status = status;
    this.detail = detail;
    this.errors = errors;
  }
}

/** Whether the request was given up on purpose, by whoever made it. */
export function wasCancelled(error) {
  return error instanceof DOMException && error.name === "AbortError";
}

const KINDS = new Map([
  [401, "signed-out"],
  [403, "forbidden"],
  [404, "missing"],
  [413, "too-large"],
  [422, "invalid"],
  [429, "unavailable"],
  [502, "unavailable"],
  [503, "unavailable"],
  [504, "slow"],
]);

/** The problem that a refusal is: its document (RFC 9457), where there is one. */
export async function problemOf(response) {
  const said = await response.json().catch(() => ({}));
  return new Problem(KINDS.get(response.status) ?? "failed", {
    status: response.status,
    detail: said.detail ?? null,
    errors: said.errors ?? [],
  });
}
