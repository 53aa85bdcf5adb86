// The page itself: reads its configuration, opens a session, and shows the view the address names.

import { createClient } from "./api/client.js";
import { loadContract } from "./api/contract.js";
import { liveModel } from "./api/model.js";
import { Problem, wasCancelled } from "./api/problems.js";
import { announce } from "./parts/announce.js";
import { fill, h } from "./parts/dom.js";
import { useCurrency } from "./parts/format.js";
import { failure, notice } from "./parts/states.js";
import { depth, here, onRoute, rememberDepth } from "./router.js";
import { openSession } from "./session/session.js";
import { footer, tools } from "./shell.js";

const content = document.getElementById("content");

const WAY = h(
  "div",
  { class: "state loading", role: "status" },
  h("span", { class: "spinner", "aria-hidden": "true" }),
  "On the way to the sign-in service",
);

const VIEWS = {
  portfolio: () => import("./views/portfolio/view.js"),
  customer: () => import("./views/customer/view.js"),
  batch: () => import("./views/batch/view.js"),
  models: () => import("./views/models/view.js"),
};

/**
 * A view is a module with `title` and `show(place, context, parameters)`, which fills `place` and may
 * return what is to be done when it is left. `context` is {client, session, model(), contract(), signal}:
 * `signal` ends its requests when it is left; `model` and `contract` are asked for once a page.
 * What `show` throws is told in its place.
 */
let left = null;

async function start() {
  loaded(here().view).catch(() => {}); // on its way meanwhile; if it fails, whoever waits for it is told
  const config = await configuration();
  useCurrency(config.currency);
  const session = await openSession(config);
  const client = createClient(config.api_url, session);
  const around = document.getElementById("tools");
  fill(around, tools(session));
  const context = { client, session, model: once(() => liveModel(client)), contract: once(loadContract) };
  footer(document.getElementById("bottom"), context);
  session.onChange((change) => {
    fill(around, tools(session));
    if (change === "leaving") {
      leave();
      fill(content, WAY);
    } else {
      show(here(), context, false);
    }
  });
  rememberDepth();
  let first = true;
  onRoute((route) => {
    show(route, context, !first);
    first = false;
  });
}

function leave() {
  left?.();
  left = null;
}

async function show({ view, parameters }, context, moved) {
  leave();
  const wasAt = depth(); // over 0 where somebody goes back
  const leaving = new AbortController();
  const cleaning = [];
  left = () => {
    leaving.abort();
    cleaning.forEach((clean) => clean());
  };
  mark(view);
  const place = h("div", { class: `view ${view}` });
  fill(content, place);
  if (moved) {
    scrollTo({ top: 0 });
    content.focus({ preventScroll: true });
  }
  const again = () => show({ view, parameters }, context, false);
  try {
    const module = await loaded(view);
    if (leaving.signal.aborted) {
      return;
    }
    document.title = `${module.title} · Foretell`;
    await context.session.headers(); // who is signed out is told so once, and not by each part
    if (leaving.signal.aborted) {
      return;
    }
    if (moved) {
      announce(module.title);
    }
    const clean = await module.show(place, { ...context, signal: leaving.signal }, parameters);
    if (clean) {
      cleaning.push(clean);
    }
    if (leaving.signal.aborted) {
      clean?.();
    } else if (wasAt > 0) {
      scrollTo({ top: wasAt });
    }
  } catch (error) {
    if (!leaving.signal.aborted && !wasCancelled(error)) {
      fill(place, told(error, again, context));
    }
  }
}

async function loaded(view) {
  if (!Object.hasOwn(VIEWS, view)) {
    throw new Problem("missing", { detail: "This page has no such view; those there are stand above." });
  }
  try {
    return await VIEWS[view]();
  } catch {
    throw new Problem(navigator.onLine ? "unreachable" : "offline");
  }
}

function told(error, retry, { session } = {}) {
  if (error instanceof Problem) {
    return failure(error, { retry, signIn: session?.signIn ? () => session.signIn() : null });
  }
  console.error(error);
  return notice({
    kind: "failure",
    title: "This page has a fault",
    text: "Something happened that nobody foresaw. Reloading may help; if it does not, tell whoever runs Foretell what you did last.",
    actions: [{ label: "Reload", run: () => location.reload(), primary: true }],
  });
}

async function configuration() {
  const response = await fetch("/config.json").catch(() => null);
  if (!response?.ok) {
    throw new Problem(navigator.onLine ? "unreachable" : "offline");
  }
  return response.json();
}

/** What a promise came to, asked for once; a failure is asked for again. */
function once(ask) {
  let answer = null;
  return () => {
    answer ??= ask().catch((error) => {
      answer = null;
      throw error;
    });
    return answer;
  };
}

function mark(view) {
  for (const link of document.querySelectorAll("[data-view]")) {
    if (link.dataset.view === view) {
      link.setAttribute("aria-current", "page");
    } else {
      link.removeAttribute("aria-current");
    }
  }
}

start().catch((error) =>
  fill(
    content,
    told(error, () => location.reload()),
  ),
);
