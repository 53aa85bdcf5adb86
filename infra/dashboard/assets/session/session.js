// Who asks. Where the configuration names no issuer, as on one's own machine, nobody has to sign in.

/**
 * A session: {required, user, headers(), renew(), signIn(), signOut()}. `user` is null as long as
 * nobody is signed in; `headers` are what a request carries; `renew` tells whether there is a new
 * token to try again with.
 */
export async function openSession(config) {
  if (!config.sign_in) {
    return ANYBODY;
  }
  const { openIdSession } = await import("./open_id.js");
  return openIdSession(config.sign_in);
}

const ANYBODY = Object.freeze({
  required: false,
  user: null,
  headers: async () => ({}),
  renew: async () => false,
  signIn: async () => {},
  signOut: async () => {},
});
