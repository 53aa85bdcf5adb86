// Light, dark, or as the system has it; whoever draws in colours of its own is told of a change.

import { writeSetting } from "../parts/settings.js";

const SYSTEM = "system";
const SINGLE = ["ink", "soft", "mute", "line", "surface", "sunken", "accent", "raises", "lowers", "good", "bad"];
const root = document.documentElement;
const listeners = new Set();

/** The reader's choice: "system", "light" or "dark". */
export function chosenTheme() {
  return root.dataset.theme ?? SYSTEM;
}

/** Change it, and keep it for the next visit. */
export function chooseTheme(theme) {
  if (theme === SYSTEM) {
    delete root.dataset.theme;
  } else {
    root.dataset.theme = theme;
  }
  writeSetting("theme", theme === SYSTEM ? null : theme);
  tell();
}

/** Call `listener` whenever the colours have changed; returns how to stop that. */
export function onThemeChange(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The colours as they are now, by the names of styles/tokens.css, for what CSS cannot reach. */
export function ink() {
  // A custom property is told as it was written; the colour it comes to here is that of an element.
  const probe = document.createElement("span");
  document.body.append(probe);
  const colour = (name) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const colours = {
    ...Object.fromEntries(SINGLE.map((name) => [name, colour(name)])),
    risks: [1, 2, 3, 4].map((step) => colour(`risk-${step}`)),
    personas: [0, 1, 2, 3, 4].map((id) => colour(`persona-${id}`)),
    density: [0, 1, 2, 3, 4, 5].map((step) => colour(`density-${step}`)),
    series: [0, 1, 2, 3].map((number) => colour(`series-${number}`)),
    font: getComputedStyle(document.body).fontFamily,
    small: Math.round(0.76 * parseFloat(getComputedStyle(root).fontSize)), // pixels
  };
  probe.remove();
  return colours;
}

function tell() {
  for (const listener of listeners) {
    listener();
  }
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", tell);
