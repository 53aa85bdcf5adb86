"use strict";

// Before the first paint, so that nobody who chose the dark sees a flash of the light.
(() => {
  let chosen = null;
  try {
    chosen = localStorage.getItem("foretell.theme");
  } catch {
    // Storage can be forbidden; then the system decides.
  }
  if (chosen === "light" || chosen === "dark") {
    document.documentElement.dataset.theme = chosen;
  }
})();
