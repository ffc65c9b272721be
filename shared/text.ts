/** Text for people: escaped where a notebook shows it as HTML, and numbers with their thousands apart. */

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/**
 * Turns text into HTML that shows it, safe both between tags and inside quoted attributes: labels, names and values come
 * from users' files and must never become markup.
 */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

/** Separates the thousands of a whole number: 22713602 -> "22,713,602". */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}
