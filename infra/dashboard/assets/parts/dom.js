// Elements without templates: text is always text, so nothing a server says can become markup.

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element. Properties: `class`, `data` (object), `on` (events), `style` (custom properties and
 * others, through the CSSOM, which the content security policy allows), attributes by name (true is
 * an attribute without value; false, null and undefined are none). Children: nodes, text, arrays;
 * null, undefined and false are left out.
 */
export function h(tag, properties = {}, ...children) {
  return build(document.createElement(tag), properties, children);
}

/** The same for SVG. */
export function svg(tag, properties = {}, ...children) {
  return build(document.createElementNS(SVG, tag), properties, children);
}

/** Replace all that is in an element. */
export function fill(element, ...children) {
  element.replaceChildren(...nodes(children));
  return element;
}

/** A text that only screen readers tell. */
export function hidden(text) {
  return h("span", { class: "visually-hidden" }, text);
}

let ids = 0;

/** An id that no other element of the page has. */
export function uniqueId(prefix) {
  ids += 1;
  return `${prefix}-${ids}`;
}

function build(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    set(element, name, value);
  }
  element.append(...nodes(children));
  return element;
}

function set(element, name, value) {
  if (name === "data") {
    Object.assign(element.dataset, value);
  } else if (name === "on") {
    for (const [event, listener] of Object.entries(value)) {
      element.addEventListener(event, listener);
    }
  } else if (name === "style") {
    for (const [property, setting] of Object.entries(value)) {
      element.style.setProperty(property, setting);
    }
  } else if (value !== null && value !== undefined && value !== false) {
    element.setAttribute(name, value === true ? "" : value);
  }
}

function nodes(children) {
  return children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false);
}
