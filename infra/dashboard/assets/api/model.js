// The model that answers: what it is, what was before it, its card.

/** GET /model. */
export const liveModel = (client, signal) => client.ask("/model", { signal });

/** GET /model/history. */
export const modelHistory = (client, signal) => client.ask("/model/history", { signal });

/** The card of a version, as HTML. */
export const modelCard = (client, version, signal) =>
  client.text(`/model/card?version=${encodeURIComponent(version)}`, { signal });
