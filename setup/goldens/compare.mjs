/** Compares what a program has made with what is committed, value by value. */

/**
 * @typedef {{ place: string, made: unknown, committed: unknown }} Difference `undefined`: not there
 * @typedef {{ difference: number, allowed: number, place: string }} Gap between two numbers
 */

/**
 * Structure, texts and integers have to be equal, other numbers within the tolerance of their place.
 * @param {string} file its name begins every place
 * @param {unknown} made as JSON gives it
 * @param {unknown} committed
 * @param {(place: string) => { absolute: number, relative: number, any?: true }} toleranceAt
 * @returns {{ differences: Difference[], largest: Gap | undefined }} `largest` takes the most of what is allowed, and is within it
 */
export function compareValues(file, made, committed, toleranceAt) {
  const differences = [];
  let largest;
  const compareNumbers = (a, b, place) => {
    const { absolute, relative, any } = toleranceAt(place);
    if (any) return;
    const [difference, allowed] = [Math.abs(a - b), absolute + relative * Math.abs(b)];
    if (!(difference <= allowed) || (Number.isInteger(a) && Number.isInteger(b))) {
      differences.push({ place, made: a, committed: b });
    } else if (largest === undefined || difference / allowed > largest.difference / largest.allowed) {
      largest = { difference, allowed, place };
    }
  };
  const visit = (a, b, keys) => {
    if (Object.is(a, b)) return;
    const place = `${file}: ${keys.join(".")}`;
    if (typeof a === "number" && typeof b === "number") return compareNumbers(a, b, place);
    if (!isContainer(a) || !isContainer(b) || Array.isArray(a) !== Array.isArray(b)) {
      if (!toleranceAt(place).any) differences.push({ place, made: a, committed: b });
      return;
    }
    for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
      visit(Object.hasOwn(a, key) ? a[key] : undefined, Object.hasOwn(b, key) ? b[key] : undefined, [...keys, key]);
    }
  };
  visit(made, committed, []);
  return { differences, largest };
}

const isContainer = (value) => typeof value === "object" && value !== null;

/** The first line in which two texts differ. */
export function compareLines(file, made, committed) {
  const [a, b] = [made.split("\n"), committed.split("\n")];
  const line = a.findIndex((text, i) => text !== b[i]);
  const at = line < 0 ? a.length : line;
  return { differences: [{ place: `${file}: line ${at + 1}`, made: a[at], committed: b[at] }], largest: undefined };
}

const shownAtMost = 3;

/** The first differences of a file, as lines. */
export function describe(differences) {
  const lines = differences.slice(0, shownAtMost).map(({ place, made, committed }) => {
    return `${place}\n    made:      ${shown(made)}\n    committed: ${shown(committed)}`;
  });
  const more = differences.length - lines.length;
  return [...lines, ...(more > 0 ? [`    and ${more} more`] : [])].join("\n");
}

const shown = (value) => (value === undefined ? "not there" : JSON.stringify(value).slice(0, 100));
