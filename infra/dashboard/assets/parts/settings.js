// What a reader chose, kept in this browser; where storage is forbidden, for this visit only.

const PREFIX = "foretell.";
const visit = new Map();

/** The value kept under a name; null where there is none. */
export function readSetting(name) {
  if (visit.has(name)) {
    return visit.get(name);
  }
  try {
    return localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

/** Keep a value; null forgets it. */
export function writeSetting(name, value) {
  visit.set(name, value);
  try {
    if (value === null) {
      localStorage.removeItem(PREFIX + name);
    } else {
      localStorage.setItem(PREFIX + name, value);
    }
  } catch {
    // Forbidden or full: the visit remembers it all the same.
  }
}
