// A chart in the page: its place is there at once, it is drawn when it comes near, and what it shows
// is also told in words and as a table.

import { fill, h } from "../parts/dom.js";
import { separators } from "../parts/format.js";
import { ink, onThemeChange } from "../theme/theme.js";
import { plotly } from "./plotly.js";

const NEAR = "600px";
const CONFIG = { displayModeBar: false, responsive: false, showTips: false };

/**
 * A figure.
 *
 * @param label What the chart shows, in a sentence: what a screen reader tells of it.
 * @param height In pixels, so that nothing jumps when it is drawn.
 * @param draw (ink, width) => {data, layout}: traces and layout for Plotly, in the colours of `ink`
 *   (theme/theme.js); called again when width or theme change.
 * @param table () => {columns: [text], rows: [[text]]}: the same figures to read; null for none.
 * @param caption Text or nodes under the chart.
 * @param click (point) => …: what happens when a mark is clicked; must be possible elsewhere, too.
 * @returns {element, update(changes), remove()}: `update` takes any of the parameters and draws anew.
 */
export function chart(parameters) {
  let { label, height, draw, table = null, caption = null, click = null } = parameters;
  const canvas = h("div", { class: "canvas", role: "img", "aria-label": label, style: { height: `${height}px` } });
  const below = h("figcaption", {});
  const element = h("figure", { class: "chart" }, canvas, below);
  let near = false;
  let drawn = null;
  let removed = false;

  function describe() {
    canvas.setAttribute("aria-label", label);
    canvas.style.height = `${height}px`;
    fill(below, caption, table ? asTable(label, table) : null);
  }

  async function paint() {
    if (!near || removed || canvas.clientWidth === 0) {
      return;
    }
    let library;
    try {
      library = await plotly();
    } catch {
      fill(
        canvas,
        h("p", { class: "canvas-failure" }, "The chart could not be loaded; its figures are in the table below."),
      );
      return;
    }
    if (removed || canvas.clientWidth === 0) {
      return;
    }
    const colours = ink();
    const width = canvas.clientWidth;
    const { data, layout } = draw(colours, width);
    await library.react(canvas, data, dressed(layout, colours, width, height), CONFIG);
    hideFromReaders(canvas);
    if (drawn === null && click) {
      canvas.on("plotly_click", ({ points }) => click(points[0]));
    }
    drawn = width;
    element.dataset.drawn = "yes";
  }

  const approach = new IntersectionObserver(
    (entries) => {
      if (entries.some((entry) => entry.isIntersecting)) {
        near = true;
        approach.disconnect();
        paint();
      }
    },
    { rootMargin: NEAR },
  );
  approach.observe(canvas);
  const resizing = new ResizeObserver(() => {
    if (canvas.clientWidth !== drawn) {
      paint();
    }
  });
  resizing.observe(canvas);
  const forget = onThemeChange(paint);
  describe();

  return {
    element,
    update(changes) {
      ({ label, height, draw, table, caption, click } = { label, height, draw, table, caption, click, ...changes });
      describe();
      paint();
    },
    remove() {
      removed = true;
      approach.disconnect();
      resizing.disconnect();
      forget();
      if (drawn !== null) {
        globalThis.Plotly.purge(canvas);
      }
    },
  };
}

/** An axis as all charts have it, to be spread into a layout's own. */
export function axis(colours, own = {}) {
  return {
    showgrid: false,
    zeroline: false,
    fixedrange: true,
    automargin: true,
    ticks: "",
    linecolor: colours.line,
    gridcolor: colours.line,
    tickfont: { color: colours.soft, size: colours.small },
    ...own,
    title: own.title ? { text: own.title, font: { color: colours.soft, size: colours.small }, standoff: 8 } : undefined,
  };
}

function dressed(layout, colours, width, height) {
  return {
    width,
    height,
    margin: { l: 8, r: 8, t: 8, b: 8 },
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    showlegend: false,
    dragmode: false,
    hovermode: "closest",
    bargap: 0.08,
    separators: separators(),
    font: { family: colours.font, size: colours.small, color: colours.ink },
    hoverlabel: {
      bgcolor: colours.surface,
      bordercolor: colours.line,
      font: { family: colours.font, size: colours.small + 1, color: colours.ink },
      align: "left",
    },
    ...layout,
  };
}

// The picture is one image to a screen reader; what is inside would be read as a jumble of numbers.
function hideFromReaders(canvas) {
  for (const child of canvas.children) {
    child.setAttribute("aria-hidden", "true");
  }
}

function asTable(label, table) {
  const place = h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": `Figures: ${label}` });
  const details = h("details", { class: "figures" }, h("summary", {}, "Show the figures"), place);
  // Made when it is asked for: a page of charts would otherwise hold thousands of cells.
  details.addEventListener("toggle", () => {
    if (details.open) {
      const { columns, rows } = table();
      fill(
        place,
        h(
          "table",
          { class: "plain" },
          h(
            "thead",
            {},
            h(
              "tr",
              {},
              columns.map((name) => h("th", { scope: "col" }, name)),
            ),
          ),
          h(
            "tbody",
            {},
            rows.map(([first, ...rest]) =>
              h(
                "tr",
                {},
                h("th", { scope: "row" }, first),
                rest.map((value) => h("td", {}, value)),
              ),
            ),
          ),
        ),
      );
    }
  });
  return details;
}
