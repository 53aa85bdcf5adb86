// A file on its way to S3. XMLHttpRequest, because fetch does not tell how much has gone.

import { Problem } from "../../api/problems.js";

// What S3 calls its refusals; whatever else it says is told as it says it.
const REFUSALS = {
  AccessDenied:
    "S3 refused the file. The leave to upload is good for a quarter of an hour: trying again gets a new one.",
  EntityTooLarge: "The file is larger than it was when it was chosen. Choose it again.",
  EntityTooSmall: "The file is empty.",
  ExpiredToken: "The leave to upload has run out. Trying again gets a new one.",
  RequestTimeout: "The connection was too slow or broke off. Trying again begins anew.",
  RequestTimeTooSkewed: "The clock of the service is wrong; whoever runs Foretell has to set it.",
  SlowDown: "S3 is busy. Try again in a moment.",
  ServiceUnavailable: "S3 is busy. Try again in a moment.",
  InternalError: "S3 had a failure of its own. Try again.",
};

/**
 * Post a file with the form that the API gave leave with.
 * @param progress (bytes) => …: how much of the file has gone.
 * @throws Problem, or the reason of `signal`.
 */
export function send({ url, fields }, file, { progress, signal }) {
  const form = new FormData();
  Object.entries(fields).forEach(([name, value]) => form.append(name, value));
  form.append("file", file); // S3 reads nothing behind it
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    request.open("POST", url);
    request.upload.addEventListener("progress", ({ loaded, total }) => progress((file.size * loaded) / total));
    request.addEventListener("load", () => (request.status < 300 ? resolve() : reject(refused(request))));
    request.addEventListener("error", async () => reject(await broken(file)));
    request.addEventListener("abort", () => reject(signal.reason));
    request.addEventListener("loadend", () => signal.removeEventListener("abort", stop));
    signal.addEventListener("abort", stop);
    request.send(form);
  });
}

function refused({ status, responseText }) {
  const told = new DOMParser().parseFromString(responseText, "text/xml");
  const code = told.querySelector("Code")?.textContent ?? `status ${status}`;
  const message = told.querySelector("Message")?.textContent;
  const detail = REFUSALS[code] ?? `S3 refused the file (${code})${message ? `: ${message}` : ""}`;
  return new Problem("refused", { status, detail });
}

async function broken(file) {
  if (!navigator.onLine) {
    return new Problem("offline");
  }
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch {
    return new Problem("changed", {
      detail: "The file was changed, moved or renamed after it was chosen. Choose it again.",
    });
  }
  return new Problem("refused", {
    detail:
      "The connection to S3 broke off, or this network does not let the browser reach it. Nothing of the file was kept.",
  });
}
