// The OpenID Connect client: oidc-client-ts, fetched only where somebody has to sign in.

const SCRIPT = new URL("../libraries/oidc-client.js", import.meta.url);
const PATIENCE = 10; // seconds for one answer of the issuer

/** Where the issuer sends people back to: exactly what it was told, whatever view they come from. */
export const HOME = `${location.origin}/`;

/** The library; rejects where its script cannot be had. */
export function library() {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = SCRIPT.href;
    script.addEventListener("load", () => resolve(globalThis.oidc));
    script.addEventListener("error", () => {
      script.remove();
      reject(new TypeError("The script that signs people in could not be loaded"));
    });
    document.head.append(script);
  });
}

/**
 * A client of an issuer. Tokens are in memory; what has to outlive the way to the issuer and back
 * (the verifier, and the view to return to) is in this tab's storage until then.
 */
export function userManager(oidc, { issuer, client_id, scopes }) {
  return new oidc.UserManager({
    authority: issuer,
    client_id,
    scope: scopes.join(" "),
    redirect_uri: HOME,
    post_logout_redirect_uri: HOME,
    userStore: new oidc.WebStorageStateStore({ store: new oidc.InMemoryWebStorage() }),
    stateStore: new oidc.WebStorageStateStore({ store: sessionStorage }),
    requestTimeoutInSeconds: PATIENCE,
    // Renewed when a request needs it; the library would try a frame, which issuers forbid.
    automaticSilentRenew: false,
  });
}
