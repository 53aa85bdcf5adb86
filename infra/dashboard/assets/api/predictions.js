// One customer, all three answers.

/** The comprehensive prediction with its reasons. */
export function predict(client, record, signal) {
  return client.ask("/predict/comprehensive", { body: record, signal });
}
