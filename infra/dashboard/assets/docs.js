// The documentation page: Swagger UI in the page's own dress, and how to begin.

import { loadContract } from "./api/contract.js";
import { fill, h } from "./parts/dom.js";
import { tools } from "./shell.js";
import { chosenTheme, onThemeChange } from "./theme/theme.js";

const PATH = "/predict/comprehensive";

dress();
onThemeChange(dress);
fill(document.getElementById("tools"), tools({ required: false })); // here nobody signs in: a token is pasted

const documentation = document.getElementById("documentation");
new MutationObserver(mend).observe(documentation, { childList: true, subtree: true });
globalThis.SwaggerUIBundle({
  url: "/openapi.json",
  domNode: documentation,
  deepLinking: false, // its links stand within buttons, where no keyboard gets at both
  syntaxHighlight: false, // its colours are too faint to be read
  defaultModelsExpandDepth: 0,
});

tellHowToBegin().catch(() => {
  // Without its configuration the page still has the document, which says as much.
  fill(document.getElementById("call"), "See POST /predict/comprehensive below.");
});

/** Swagger UI has a dark side of its own, which it shows where this class stands. */
function dress() {
  const chosen = chosenTheme();
  const dark = chosen === "dark" || (chosen === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.classList.toggle("dark-mode", dark);
}

/** Names and keyboard access that Swagger UI leaves out. */
function mend() {
  for (const choice of documentation.querySelectorAll("select:not([aria-label])")) {
    choice.setAttribute("aria-label", nameOf(choice));
  }
  for (const text of documentation.querySelectorAll("pre:not([tabindex])")) {
    text.tabIndex = 0;
  }
}

function nameOf(choice) {
  if (choice.closest(".servers")) {
    return "Server";
  }
  return choice.closest(".examples-select")
    ? "Example"
    : (choice.closest("[data-param-name]")?.dataset.paramName ?? "Media type");
}

async function tellHowToBegin() {
  const [config, contract] = await Promise.all([fetch("/config.json").then((answer) => answer.json()), loadContract()]);
  fill(document.getElementById("call"), call(config, example(contract)));
  fill(document.getElementById("access"), access(config.sign_in));
}

function example({ fields, examples }) {
  const [{ record }] = examples;
  const needed = fields.filter((field) => field.required).map(({ name }) => [name, record[name]]);
  return JSON.stringify(Object.fromEntries(needed), null, 2);
}

function call({ api_url: base, sign_in: signIn }, record) {
  const headers = ["Content-Type: application/json", ...(signIn ? ["Authorization: Bearer $TOKEN"] : [])];
  return [
    `curl ${base || location.origin}${PATH}`,
    ...headers.map((header) => `-H "${header}"`),
    `-d '${record.replaceAll("\n", "\n  ")}'`,
  ].join(" \\\n  ");
}

function access(signIn) {
  if (!signIn) {
    return "Here nobody is asked: this Foretell runs without a sign-in, as on one’s own machine. Deployed, every request but /health carries an access token.";
  }
  return [
    "Every request but ",
    h("code", {}, "/health"),
    " carries an access token of ",
    h("code", {}, signIn.issuer),
    ", in the header ",
    h("code", {}, "Authorization"),
    ": Bearer and the token. Without one the answer is 401. To try an operation here, paste a token at “Authorize”.",
  ];
}
