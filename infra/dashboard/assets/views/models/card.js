// The model card of a version, as a file.

import { modelCard } from "../../api/model.js";
import { wasCancelled } from "../../api/problems.js";
import { announce } from "../../parts/announce.js";
import { fill, h, hidden } from "../../parts/dom.js";
import { save } from "../../parts/save.js";
import { failureLine } from "../../parts/states.js";

/** A button that fetches the card of a version, and tells beside itself where that fails. */
export function cardButton(version, { client, signal }, { label, primary = false }) {
  const trouble = h("div", { class: "card-trouble" });
  const button = h(
    "button",
    { class: primary ? "button primary" : "button small", type: "button", on: { click: fetchIt } },
    label,
    primary ? null : hidden(` of version ${version}`),
  );

  async function fetchIt() {
    button.disabled = true;
    fill(trouble);
    try {
      const page = await modelCard(client, version, signal);
      save(`foretell-model-card-${version}.html`, "text/html;charset=utf-8", page);
      announce("The model card was downloaded");
    } catch (error) {
      if (!wasCancelled(error)) {
        fill(trouble, failureLine(error, fetchIt));
      }
    } finally {
      button.disabled = false;
    }
  }

  return h("div", { class: "card-button" }, button, trouble);
}
