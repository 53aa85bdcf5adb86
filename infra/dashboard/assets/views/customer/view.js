import { h, fill } from "../../parts/dom.js";

export const title = "Customer";

export async function show(place) {
  fill(place, h("h1", {}, title));
}
