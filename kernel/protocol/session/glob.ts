/** `*` and `?` over the whole text, in time that a pattern cannot blow up as it can with a regular expression. */
export function matchesGlob(pattern: string, text: string): boolean {
  let [p, t] = [0, 0];
  /** Where the last `*` stands, and up to where it has taken text. */
  let [star, taken] = [-1, 0];
  while (t < text.length) {
    if (pattern[p] === "*") {
      star = p++;
      taken = t;
    } else if (p < pattern.length && (pattern[p] === "?" || pattern[p] === text[t])) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++taken;
    } else {
      return false;
    }
  }
  while (pattern[p] === "*") p++;
  return p === pattern.length;
}
