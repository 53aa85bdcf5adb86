// What went wrong with a file, and what a row was refused for, in plain words.

const TROUBLES = {
  offline: {
    title: "You are offline",
    text: "Nothing of the file was kept. It is sent again by itself as soon as there is a connection.",
  },
  unreachable: {
    title: "Foretell does not answer",
    text: "The file was not sent. The API may be starting, or this network does not reach it.",
  },
  slow: { title: "Foretell takes too long to answer", text: "The file was not sent. Trying again usually helps." },
  "signed-out": {
    title: "Your session has run out",
    text: "The file was not sent. Sign in above, and choose it again.",
  },
  forbidden: {
    title: "You may not upload files",
    text:
      "You are signed in, but were not given the right to upload (foretell/upload)." +
      " Whoever runs Foretell in your company can give it, and can score the file for you until then.",
  },
  invalid: { title: "This file is not sent", text: "The API does not take it." },
  "too-large": { title: "This file is too large", text: "It has to be split." },
  unavailable: { title: "Files cannot be taken right now", text: "The service is up. Try again in a moment." },
  refused: { title: "The upload did not work", text: "Nothing of the file was kept." },
  changed: { title: "The file is not what it was", text: "Choose it again." },
  failed: { title: "Something went wrong", text: "The failure was logged. Trying again may help." },
};

// Whose own words say more than these.
const TOLD = new Set(["invalid", "too-large", "unavailable", "refused", "changed", "sign-in"]);

// What is the same however often it is tried.
const FINAL = new Set(["invalid", "too-large", "changed", "signed-out"]);

/** {title, text, again}: what a Problem means for a file, and whether trying again makes sense. */
export function troubleOf(problem) {
  const { title, text } = TROUBLES[problem.kind] ?? TROUBLES.failed;
  const faults = problem.errors.map(({ reason }) => reason).join("; ");
  const own = TOLD.has(problem.kind) ? faults || problem.detail : null;
  return { title, text: own ?? text, again: !FINAL.has(problem.kind) };
}

/** " has to be a number": the reason of a refused row, to follow the field's name. */
export function reasonInWords(reason) {
  if (/^field required/i.test(reason)) {
    return " is missing";
  }
  if (!reason.startsWith("Input should ")) {
    return `: ${reason}`;
  }
  return reason
    .replace("Input should ", " has to ")
    .replace("be a valid ", "be a ")
    .replace("greater than or equal to", "at least")
    .replace("less than or equal to", "at most");
}

/** "2.5 seconds", "4 minutes": how long a run took. */
export function duration(started, ended) {
  const seconds = (new Date(ended) - new Date(started)) / 1_000;
  if (seconds < 1) {
    return "less than a second";
  }
  return seconds < 90 ? plural(Math.round(seconds), "second") : plural(Math.round(seconds / 60), "minute");
}

function plural(number, unit) {
  return `${number} ${unit}${number === 1 ? "" : "s"}`;
}

/** A sentence from the API's words, which begin small and end without a stop. */
export function sentence(text) {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}
