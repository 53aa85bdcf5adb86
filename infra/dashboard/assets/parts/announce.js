// What changed, for those who do not see it.

const place = document.getElementById("announcements");

/** Have a screen reader say it when it is next silent. */
export function announce(text) {
  place.textContent = text;
}
