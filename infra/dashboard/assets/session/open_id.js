// Signing in with an OpenID Connect issuer: authorisation code with PKCE, tokens in memory alone.

import { Problem } from "../api/problems.js";
import { HOME, library, userManager } from "./oidc.js";
import { notRegistered, signInProblem } from "./refusals.js";

const EARLY = 10; // seconds before its end in which a token is not used any more
const JUST_NOW = 5_000; // milliseconds in which requests that were refused together share a renewal
const VISIT = "foretell.signed-in"; // in this tab's storage: that somebody was, never who

/**
 * A session with an issuer, as session.js describes it. It takes the issuer's answer out of the
 * address, and goes back to the view that was left for it.
 * @param settings {issuer, client_id, scopes, url} of config.json.
 */
export async function openIdSession(settings) {
  const listeners = [];
  let made = null;
  let holder = null;
  let trouble = settings.client_id ? null : notRegistered(settings.issuer, HOME);
  let renewing = null;
  let renewed = -Infinity;

  const tell = (change) => listeners.forEach((listener) => listener(change));

  /** The client of the issuer: its script is fetched anew where that failed before. */
  function manager() {
    made ??= library()
      .then((oidc) => userManager(oidc, settings))
      .catch((error) => {
        made = null;
        throw error;
      });
    return made;
  }

  async function headers() {
    if (holder?.expires_in < EARLY) {
      await renew();
    }
    if (holder === null) {
      throw trouble ?? new Problem("signed-out");
    }
    return { Authorization: `Bearer ${holder.access_token}` };
  }

  async function renew() {
    if (holder && !holder.expired && performance.now() - renewed < JUST_NOW) {
      return true;
    }
    renewing ??= replaced().finally(() => {
      renewing = null;
    });
    return renewing;
  }

  async function replaced() {
    if (!holder?.refresh_token) {
      return ended();
    }
    try {
      holder = await (await manager()).signinSilent();
      renewed = performance.now();
      return true;
    } catch (error) {
      if (error.name === "ErrorResponse") {
        return ended();
      }
      throw signInProblem(error, settings.issuer); // it may pass: nobody is signed out by a bad line
    }
  }

  function ended() {
    if (holder !== null) {
      holder = null;
      manager().then((client) => client.removeUser());
      tell("ended");
    }
    return false;
  }

  /** Leave for the issuer's page; comes back, with a reason in `trouble`, only where that fails. */
  async function signIn({ redirectMethod = "assign" } = {}) {
    trouble = null;
    tell("leaving");
    try {
      await (
        await manager()
      ).signinRedirect({
        redirectMethod,
        nonce: crypto.randomUUID(),
        state: { fragment: location.hash },
      });
    } catch (error) {
      trouble = signInProblem(error, settings.issuer);
      tell("stayed");
    }
  }

  async function signOut() {
    sessionStorage.removeItem(VISIT);
    holder = null;
    tell("leaving");
    const client = await manager();
    // Where it cannot be revoked, it ends by itself; here it is forgotten in any case.
    await client.revokeTokens(["refresh_token"]).catch(() => {});
    if (settings.url) {
      await client.removeUser();
      location.assign(
        `${settings.url}/logout?${new URLSearchParams({ client_id: settings.client_id, logout_uri: HOME })}`,
      );
      return;
    }
    await client.signoutRedirect().catch(() => tell("stayed")); // the issuer has no page for it
  }

  async function arrive() {
    const answer = takenAnswer();
    if (answer !== null) {
      await accept(answer);
    } else if (sessionStorage.getItem(VISIT)) {
      // Reloaded: the issuer mostly still knows who it is. Once, so that nobody goes in circles.
      sessionStorage.removeItem(VISIT);
      await signIn({ redirectMethod: "replace" });
    } else {
      // So that the way to the issuer is known when somebody asks for it.
      manager()
        .then((client) => client.metadataService.getMetadata())
        .catch(() => {});
    }
  }

  async function accept(answer) {
    try {
      holder = await (await manager()).signinRedirectCallback(answer);
      returnTo(holder.state);
      sessionStorage.setItem(VISIT, "yes");
    } catch (error) {
      returnTo(error.state);
      trouble = signInProblem(error, settings.issuer);
    }
  }

  // Back from the issuer's page by the browser's own button, the page stands as it was left.
  addEventListener("pageshow", (event) => event.persisted && tell("stayed"));
  if (settings.client_id) {
    await arrive();
  }

  return {
    required: true,
    get user() {
      return holder && nameOf(holder.profile);
    },
    headers,
    renew,
    signIn: settings.client_id ? () => signIn() : null,
    signOut,
    onChange: (listener) => listeners.push(listener),
  };
}

/** The address with the issuer's answer, which is there no more afterwards; null where there is none. */
function takenAnswer() {
  const query = new URLSearchParams(location.search);
  if (!query.has("state") || !(query.has("code") || query.has("error"))) {
    return null;
  }
  const answer = location.href;
  history.replaceState(null, "", HOME + location.hash);
  return answer;
}

function returnTo(left) {
  if (left?.fragment) {
    history.replaceState(null, "", HOME + left.fragment);
  }
}

function nameOf({ email, preferred_username, name, sub }) {
  return email ?? preferred_username ?? name ?? sub;
}
