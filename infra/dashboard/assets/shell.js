// What is around every view: who is signed in, light or dark, and which model answers.

import { fill, h } from "./parts/dom.js";
import { ago, count, day } from "./parts/format.js";
import { chooseTheme, chosenTheme } from "./theme/theme.js";

const THEMES = [
  ["system", "System colours"],
  ["light", "Light"],
  ["dark", "Dark"],
];

/** The right end of the header. */
export function tools(session) {
  return [themeChoice(), session.required ? person(session) : null];
}

/** The line at the foot: filled when the model is known, and silent where it is not. */
export async function footer(place, { model }) {
  try {
    const { model_version: version, data } = await model();
    fill(
      place,
      h(
        "p",
        {},
        "Answers come from model ",
        h("a", { href: "#/models" }, version),
        `, trained on ${count(data.transactions)} purchases up to ${day(data.last_day)} (${ago(data.last_day)}).`,
      ),
    );
  } catch {
    fill(place); // each view tells what is the matter
  }
}

function themeChoice() {
  const choose = (event) => chooseTheme(event.target.value);
  return h(
    "label",
    { class: "theme-choice" },
    h("span", { class: "visually-hidden" }, "Colours"),
    h(
      "select",
      { on: { change: choose } },
      THEMES.map(([value, label]) => h("option", { value, selected: value === chosenTheme() }, label)),
    ),
  );
}

function person(session) {
  if (session.user === null) {
    return (
      session.signIn &&
      h("button", { class: "button small", type: "button", on: { click: () => session.signIn() } }, "Sign in")
    );
  }
  return h(
    "span",
    { class: "person" },
    h("span", { class: "person-name" }, session.user),
    h("button", { class: "button small", type: "button", on: { click: () => session.signOut() } }, "Sign out"),
  );
}
