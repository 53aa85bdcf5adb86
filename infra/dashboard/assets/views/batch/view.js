// Files of customers: dropped here, scored elsewhere, and what came of all of them.

import { fill, h } from "../../parts/dom.js";
import { remember } from "../../router.js";
import { dropZone } from "./drop_zone.js";
import { guide, kinds } from "./guide.js";
import { history } from "./history.js";
import { endings, refusal } from "./rules.js";
import { runPanel } from "./run_panel.js";
import { transferCard } from "./transfer_card.js";
import { transfers } from "./transfers.js";

export const title = "Batch";

/** `run` in the address names the run that is shown first. */
export async function show(place, context, parameters) {
  const contract = await context.contract().catch(() => null);
  const rules = contract?.upload ?? null;
  const queue = transfers(context.client);
  const linked = parameters.get("run");
  const past = history(context, linked);
  const cards = files(context, queue, past, linked);

  const take = (chosen, folders) => {
    folders.forEach((name) => queue.add({ name, size: 0 }, FOLDER));
    chosen.forEach((file) => queue.add(file, refusal(file, rules)));
  };
  const zone = dropZone({
    take,
    accept: rules ? endings(rules) : [],
    hint: rules ? kinds(rules) : "",
    signal: context.signal,
  });

  fill(
    place,
    h("div", { class: "heading" }, h("div", {}, h("h1", {}, title), h("p", { class: "what" }, WHAT))),
    linked ? h("div", { class: "linked" }, runPanel(context, { id: linked, ended: past.refresh })) : null,
    h("div", { class: contract ? "batch-in" : "batch-in alone" }, zone, cards, contract ? guide(contract) : null),
    past.element,
  );
}

const WHAT =
  "Hand in a file of customers, and get it back with each one's lifetime value, chance of leaving, persona and what to do.";
const FOLDER = "This is a folder. Drop the files in it.";

/** The files of this visit, each as far as it is. */
function files(context, queue, past, linked) {
  const list = h("ul", { class: "files", "aria-label": "Files of this visit" });
  const shown = new Map();

  function card(transfer) {
    if (transfer.state !== "arrived") {
      return transferCard(transfer, queue);
    }
    const found = (run) => {
      transfer.run = run;
      past.refresh();
      remember("batch", { run });
    };
    const known = transfer.run === null ? { key: transfer.key, found } : { id: transfer.run };
    return { element: h("li", {}, runPanel(context, { ...known, ended: past.refresh })), update: () => true };
  }

  function draw(transfer) {
    if (shown.get(transfer)?.update()) {
      return;
    }
    const before = shown.get(transfer)?.element;
    const focused = before?.contains(document.activeElement);
    if (transfer.state === "dismissed") {
      before.remove();
      shown.delete(transfer);
    } else {
      put(transfer, before);
    }
    if (focused) {
      // Whoever works by keyboard goes on where they were.
      (shown.get(transfer)?.element.querySelector("button") ?? toChoose()).focus();
    }
  }

  function put(transfer, before) {
    const now = card(transfer);
    shown.set(transfer, now);
    if (before) {
      before.replaceWith(now.element);
    } else {
      list.prepend(now.element);
      now.element.scrollIntoView({ block: "nearest" });
    }
  }

  const toChoose = () => document.querySelector(".drop-zone input");
  [...queue.all]
    .reverse()
    .filter(({ run }) => run === null || run !== linked)
    .forEach(draw);
  queue.watch(draw, context.signal);
  return list;
}
