// Who asks. Where the configuration names no issuer, as on one's own machine, nobody has to sign in.

/**
 * A session: {required, user, headers(), renew(), signIn(), signOut(), onChange(listener)}. `user` is
 * null as long as nobody is signed in; `headers` are what a request carries, and throw Problem where
 * nobody is; `renew` tells whether there is a new token to try again with; `signIn` is null where it
 * cannot be done. A listener hears "ended" (nobody is signed in any more), "leaving" (for the
 * issuer's page) and "stayed" (that did not work, or somebody came back).
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
  signIn: null,
  signOut: async () => {},
  onChange: () => {},
});
