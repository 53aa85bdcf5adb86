// One file of this visit, from the moment it was dropped until S3 has it.

import { h, hidden } from "../../parts/dom.js";
import { bytes, percent } from "../../parts/format.js";
import { duration, troubleOf } from "./words.js";

const SOON = 3_000; // milliseconds before a speed says anything

/**
 * The card of a transfer in the state it is in; `update()` shows what has changed, and tells whether
 * it could: where not, a new card is due.
 */
export function transferCard(transfer, queue) {
  const { state } = transfer;
  const bar = h("progress", { max: 1, "aria-label": `Upload of ${transfer.name}` });
  const line = h("p", { class: "file-line" });
  const card = h(
    "li",
    { class: `panel file ${state}` },
    h(
      "div",
      { class: "file-head" },
      h("h3", {}, transfer.name),
      h("span", { class: "file-size" }, bytes(transfer.size)),
    ),
    MOVING.has(state) ? bar : null,
    h("div", { class: "file-foot" }, line, buttons(transfer, queue)),
  );
  const update = () => {
    if (transfer.state !== state) {
      return false;
    }
    line.replaceChildren(...said(transfer));
    if (state === "sending") {
      bar.value = transfer.sent / Math.max(transfer.size, 1);
    }
    return true;
  };
  update();
  return { element: card, update };
}

const MOVING = new Set(["asking", "sending"]);

function said(transfer) {
  switch (transfer.state) {
    case "waiting":
      return ["Waits for its turn."];
    case "asking":
      return ["Asking for leave to upload."];
    case "sending":
      return [sending(transfer)];
    case "cancelled":
      return ["Cancelled. Nothing of it was kept."];
    default: {
      const { title, text } = troubleOf(transfer.problem);
      return [h("strong", {}, `${title}. `), text];
    }
  }
}

function sending({ sent, size, since }) {
  const share = sent / Math.max(size, 1);
  if (share >= 1) {
    return "All sent; S3 is putting it away.";
  }
  const elapsed = performance.now() - since;
  const left = elapsed > SOON && share > 0 ? `, about ${duration(0, (elapsed * (1 - share)) / share)} left` : "";
  return `${bytes(sent)} of ${bytes(size)} sent, ${percent(share)}${left}.`;
}

function buttons(transfer, queue) {
  const button = (label, run) => {
    const click = () => run(transfer);
    return h("button", { class: "button small", type: "button", on: { click } }, label, hidden(` ${transfer.name}`));
  };
  switch (transfer.state) {
    case "waiting":
    case "asking":
    case "sending":
      return h("p", { class: "actions" }, button("Cancel", queue.cancel));
    default: {
      const again = transfer.state === "cancelled" || (transfer.file && troubleOf(transfer.problem).again);
      return h(
        "p",
        { class: "actions" },
        again ? button("Try again", queue.again) : null,
        button("Remove", queue.dismiss),
      );
    }
  }
}
