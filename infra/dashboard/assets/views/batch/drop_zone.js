// Where files come in: dropped anywhere on the view, or chosen by hand or keyboard.

import { fill, h, svg, uniqueId } from "../../parts/dom.js";

/**
 * @param take (files, folders) => …: File objects, and the names of folders that were dropped.
 * @param accept Endings of names, for the browser's dialogue.
 * @param hint What may be dropped, in a line.
 * @param signal Ends the listening.
 */
export function dropZone({ take, accept, hint, signal }) {
  const id = uniqueId("files");
  const described = { "aria-describedby": `${id}-hint` };
  const file = { type: "file", id, multiple: true, accept: accept.join(",") };
  const input = h("input", { class: "visually-hidden", ...file, ...described });
  const words = h("p", { class: "drop-words" }, AT_REST);
  const zone = h(
    "div",
    { class: "drop-zone" },
    svg("svg", { viewBox: "0 0 48 48", "aria-hidden": "true" }, svg("path", { d: ARROW })),
    words,
    input,
    h("label", { class: "button primary", for: id }, "Choose files"),
    h("p", { class: "drop-hint", id: `${id}-hint` }, hint),
  );
  input.addEventListener("change", () => {
    take([...input.files], []);
    input.value = ""; // so that the same file can be chosen again
  });
  listen(zone, words, take, signal);
  return zone;
}

const ARROW = "M24 31V9m-9 8 9-9 9 9M8 30v7a3 3 0 0 0 3 3h26a3 3 0 0 0 3-3v-7"; // up, out of a tray
const AT_REST = "Drop files of customers here";
const HOVERED = "Let go to send them";

function listen(zone, words, take, signal) {
  // A file that is dropped beside the zone would replace the page, so the whole window takes them.
  const light = (on) => {
    zone.classList.toggle("hovered", on);
    fill(words, on ? HOVERED : AT_REST);
  };
  const on = (event, listener) => addEventListener(event, listener, { signal });
  on("dragover", (event) => {
    if (event.dataTransfer.types.includes("Files")) {
      event.preventDefault();
      event.dataTransfer.dropEffect = "copy";
      light(true);
    }
  });
  on("dragleave", (event) => event.relatedTarget === null && light(false));
  on("drop", (event) => {
    if (event.dataTransfer.types.includes("Files")) {
      event.preventDefault();
      light(false);
      const { files, folders } = dropped(event.dataTransfer);
      take(files, folders);
    }
  });
}

/** A folder looks like a file until it is read. */
function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.() ?? null);
  const isFolder = (place) => entries[place]?.isDirectory ?? false;
  const all = [...transfer.files];
  return {
    files: all.filter((_, place) => !isFolder(place)),
    folders: all.filter((_, place) => isFolder(place)).map((folder) => folder.name),
  };
}
