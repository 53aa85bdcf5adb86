// The files of a run. Their addresses are good for a quarter of an hour; then there are new ones.

import { run } from "../../api/portfolio.js";
import { Problem } from "../../api/problems.js";
import { fill, h } from "../../parts/dom.js";
import { failureLine } from "../../parts/states.js";

const EARLY = 10_000; // milliseconds before an address ends

/** Buttons for all files of a run. */
export function downloads(description, context) {
  const { run_id: id, rejected, content } = description.status;
  let { links } = description;
  const trouble = h("div", { class: "download-trouble" });

  async function follow(event, name) {
    if (Date.now() < new Date(links.expires) - EARLY) {
      return; // the browser follows the link as it stands
    }
    event.preventDefault();
    fill(trouble);
    try {
      links = (await run(context.client, id, context.signal)).links;
      h("a", { href: links[name], download: "" }).click();
    } catch (error) {
      if (!context.signal.aborted) {
        fill(trouble, failureLine(error instanceof Problem ? error : new Problem("failed")));
      }
    }
  }

  const link = (name, label, kind = "button") =>
    links[name] &&
    h("a", { class: kind, href: links[name], download: "", on: { click: (event) => follow(event, name) } }, label);
  return [
    link("predictions", "Download predictions"),
    rejected
      ? link("rejected", content === "transactions" ? "Download what was left out" : "Download refused rows")
      : null,
    link("summary", "Summary as JSON", "button plain"),
    trouble,
  ];
}
