// The address of what is shown, to be sent to somebody.

import { announce } from "../../parts/announce.js";
import { fill, h } from "../../parts/dom.js";

const CONFIRMED = 2_500; // milliseconds
const WORDS = "Copy link";

/** A button that copies the page's address, and says so; where that is forbidden, shows it. */
export function copyLink() {
  const label = h("span", {}, WORDS);
  const button = h("button", { class: "button small", type: "button" }, label);
  const shown = h("input", { type: "text", readonly: true, hidden: true, "aria-label": "Link to this customer" });
  let timer = null;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(location.href);
      fill(label, "✓ Link copied");
      announce("The link to this customer was copied");
    } catch {
      shown.hidden = false;
      shown.value = location.href;
      shown.select();
      fill(label, "Copy it from here");
    }
    clearTimeout(timer);
    timer = setTimeout(() => fill(label, WORDS), CONFIRMED);
  });
  return h("div", { class: "copy-link" }, shown, button);
}
