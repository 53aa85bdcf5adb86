import { h, fill } from "../../parts/dom.js";

export const title = "Models";

export async function show(place) {
  fill(place, h("h1", {}, title));
}
