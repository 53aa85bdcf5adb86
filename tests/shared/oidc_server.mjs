// An OpenID Connect server for tests: anybody may sign in, by any name.
//
// It behaves as the stack's own user pool does: one public client with PKCE, access tokens that are
// JWTs of the scopes asked for (no `resource` has to be named), refresh tokens without offline_access.
// Its two pages ask nothing of the network.
//
// node oidc_server.mjs OIDC_PROVIDER CONFIG
//   OIDC_PROVIDER  the package's folder
//   CONFIG         JSON: {port, client_id, page, scopes, access_token_seconds}
// It ends with its standard input, so that it does not outlive tests that are killed.

import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [packageFolder, given] = process.argv.slice(2);
const config = JSON.parse(given);
const entry = createRequire(path.join(packageFolder, "package.json")).resolve(packageFolder);
const { Provider } = await import(pathToFileURL(entry));

const issuer = `http://127.0.0.1:${config.port}`;
const resource = "urn:foretell";

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: config.client_id,
      token_endpoint_auth_method: "none",
      application_type: "web",
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      redirect_uris: [`${config.page}/`],
      post_logout_redirect_uris: [`${config.page}/`],
    },
  ],
  scopes: ["openid", "email"],
  claims: { openid: ["sub"], email: ["email"] },
  conformIdTokenClaims: false,
  clientBasedCORS: (ctx, origin) => origin === config.page,
  cookies: { keys: ["only for tests"] },
  findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id, email: id }) }),
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  issueRefreshToken: (ctx, client) => client.grantTypeAllowed("refresh_token"),
  loadExistingGrant: grantAllThatIsAsked,
  pkce: { required: () => true },
  rotateRefreshToken: true,
  ttl: {
    AccessToken: config.access_token_seconds,
    AuthorizationCode: 60,
    Grant: 86_400,
    IdToken: 3_600,
    Interaction: 3_600,
    RefreshToken: 43_200,
    Session: 86_400,
  },
  features: {
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => resource,
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: config.scopes.join(" "),
        audience: resource,
        accessTokenFormat: "jwt",
        accessTokenTTL: config.access_token_seconds,
        jwt: { sign: { alg: "RS256" } },
      }),
    },
    revocation: { enabled: true, allowedPolicy: () => true },
    rpInitiatedLogout: { enabled: true, logoutSource, postLogoutSuccessSource },
  },
});

provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith("/interaction/")) {
    return next();
  }
  const { prompt, params } = await provider.interactionDetails(ctx.req, ctx.res);
  if (ctx.method === "GET") {
    ctx.body = document("Sign in", signInForm(ctx.path, params.login_hint ?? ""));
    return undefined;
  }
  const form = new URLSearchParams(await bodyOf(ctx.req));
  const result = form.has("cancel")
    ? { error: "access_denied", error_description: "the user did not want to" }
    : { [prompt.name]: { accountId: form.get("user") } };
  return provider.interactionFinished(ctx.req, ctx.res, result, { mergeWithLastSubmission: false });
});

async function grantAllThatIsAsked(ctx) {
  const { client, session, params } = ctx.oidc;
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  const asked = (params.scope ?? "").split(" ");
  grant.addOIDCScope(asked.filter((scope) => !config.scopes.includes(scope)).join(" "));
  grant.addResourceScope(resource, asked.filter((scope) => config.scopes.includes(scope)).join(" "));
  await grant.save();
  return grant;
}

async function logoutSource(ctx, form) {
  ctx.body = document(
    "Sign out",
    `${form}<button type="submit" form="op.logoutForm" name="logout" value="yes">Sign out</button>`,
  );
}

async function postLogoutSuccessSource(ctx) {
  ctx.body = document("Signed out", "");
}

function signInForm(action, user) {
  return `<form method="post" action="${escaped(action)}">
    <label>User <input name="user" value="${escaped(user)}" required></label>
    <button type="submit">Sign in</button>
    <button type="submit" name="cancel" value="yes" formnovalidate>Cancel</button>
  </form>`;
}

function document(title, content) {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title>
    <link rel="icon" href="data:,"></head><body><main><h1>${title}</h1>${content}</main></body></html>`;
}

function escaped(text) {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

async function bodyOf(request) {
  const parts = [];
  for await (const part of request) {
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

process.stdin.on("end", () => process.exit()).resume();
provider.on("server_error", (ctx, error) => console.error(error));
provider.listen(config.port, "127.0.0.1", () => console.log("listening"));
