// Which view, and of what, stands in the fragment: it reproduces the page, and no server sees it.

const START = "portfolio";

/** {view, parameters} of the address as it is now; parameters are URLSearchParams. */
export function here() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?", 2);
  return { view: path || START, parameters: new URLSearchParams(query) };
}

/** The address of a view: "#/customer?recency=3"; what is null or empty is left out. */
export function address(view, parameters = {}) {
  const given = Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const query = new URLSearchParams(given).toString();
  return `#/${view}${query ? `?${query}` : ""}`;
}

/** Go there. */
export function go(view, parameters) {
  location.hash = address(view, parameters);
}

/** Change what the address says of the view that is shown, without a new entry in the history. */
export function remember(view, parameters) {
  history.replaceState(history.state, "", address(view, parameters));
}

/**
 * How far down the page was when it was left at this place of the history; 0 where it is new. From now
 * on the browser leaves that to us, because it would scroll before there is anything to scroll.
 */
export function depth() {
  return history.state?.depth ?? 0;
}

/** Keep how far down the page is, at this place of the history. */
export function rememberDepth() {
  history.scrollRestoration = "manual";
  addEventListener("scrollend", () => history.replaceState({ ...history.state, depth: scrollY }, ""));
}

/** Call `listener` now and whenever the address leads elsewhere. */
export function onRoute(listener) {
  addEventListener("hashchange", () => listener(here()));
  listener(here());
}
