// Plotly, fetched when the first chart comes near, and kept within the content security policy.

const SCRIPT = new URL("../libraries/plotly.js", import.meta.url);

// Plotly writes style sheets into the page unless elements with these ids are there: the policy
// would refuse them. The rules that it needs are in styles/charts.css.
const STYLED = [
  ["plotly.js-style-global", "no-inline-styles"],
  ["9f215cf04c5486422605d13261cb87401f4e7763b6296af81e98efbc0130da53", ""],
];

let loading = null;

/** The library; rejects where its script cannot be had, and tries anew when asked again. */
export function plotly() {
  loading ??= load().catch((error) => {
    loading = null;
    throw error;
  });
  return loading;
}

function load() {
  for (const [id, name] of STYLED) {
    const mark = document.createElement("meta");
    mark.id = id;
    mark.className = name;
    document.head.append(mark);
  }
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = SCRIPT.href;
    script.addEventListener("load", () => resolve(globalThis.Plotly));
    script.addEventListener("error", () => {
      script.remove();
      reject(new Error("Plotly could not be loaded"));
    });
    document.head.append(script);
  });
}
