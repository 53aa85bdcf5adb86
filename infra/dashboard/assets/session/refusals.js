// Why signing in did not work, in words.

import { Problem } from "../api/problems.js";

const REASONS = {
  access_denied: "The sign-in was cancelled, or you have no access",
  invalid_scope: "The issuer does not grant what this page asks for; whoever runs Foretell has to add the scopes there",
  unauthorized_client: "The issuer does not let this page sign people in; whoever runs Foretell has to allow it there",
  login_required: "The issuer wants you to sign in again",
  server_error: "The issuer had a failure of its own; try again",
  temporarily_unavailable: "The issuer is busy; try again in a while",
};

/** The problem that an error of the OpenID Connect client is. */
export function signInProblem(error, issuer) {
  if (error.name === "ErrorResponse") {
    const reason = REASONS[error.error] ?? `The issuer answered "${error.error}"`;
    return refused(error.error_description ? `${reason}: ${error.error_description}` : reason);
  }
  if (!navigator.onLine) {
    return new Problem("offline");
  }
  if (error.name === "ErrorTimeout" || error instanceof TypeError) {
    const slow = error.name === "ErrorTimeout" ? "takes too long to answer" : "cannot be reached";
    return refused(`${new URL(issuer).host}, where people sign in, ${slow}. Try again in a moment.`);
  }
  if (error.message.includes("state")) {
    return refused("This sign-in was used before, or begun in another tab. Begin it here once more.");
  }
  return refused(`What the issuer said cannot be used: ${error.message}.`);
}

/** What is the matter where the issuer was never told of this page. */
export function notRegistered(issuer, home) {
  return refused(
    `${issuer} does not know this page yet. Whoever runs Foretell registers a public client there,` +
      ` with the redirect address ${home}, and deploys again with the client's id.`,
  );
}

function refused(detail) {
  return new Problem("sign-in", { detail });
}
