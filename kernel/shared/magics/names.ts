/** Lists every magic with its entry for `%lsmagic`, and makes the error for a magic that does not exist. */
import { closest } from "../../../shared/closest.ts";
import { CodedError } from "../../../shared/codedError.ts";

/** The usage (after the name) and a description in one sentence. */
type Entry = readonly [usage: string, does: string];

/** The magics that begin with `%`. */
export const lineMagics: Readonly<Record<string, Entry>> = {
  time: ["code", "Runs the code once and says how long it took; its value is the cell's."],
  timeit: [
    "[-n N] [-r R] [-q] [-o] code",
    "Runs the code many times: mean and standard deviation of R runs of N loops.",
  ],
  env: ["[NAME | NAME=value]", "Shows all environment variables or one, or sets one."],
  cd: ["[folder]", "Changes the folder that relative paths start from; without a folder, goes home."],
  pwd: ["", "The folder that relative paths start from."],
  who: ["", "Names of the variables that cells have made."],
  whos: ["", "The variables that cells have made, with type, size and value."],
  reset: ["[-f]", "Sets every variable of the cells to undefined; asks first, unless -f."],
  load: ["file", "Puts the file's text into this cell."],
  history: ["[-n]", "The cells that have run, with -n numbered."],
  types: ["off | warn | strict", "What a type error does: nothing, a warning under the cell, or a refusal."],
  npm: ["arguments", "Runs npm, as !npm does."],
  lsmagic: ["", "This list."],
  magic: ["", "This list."],
};

/** The magics that begin with `%%`, on the first line of a cell. */
export const cellMagics: Readonly<Record<string, Entry>> = {
  time: ["", "Runs the cell and says how long it took; its variables stay."],
  timeit: ["[-n N] [-r R] [-q]", "Runs the cell many times; its variables are its own."],
  bash: ["", "Runs the cell with bash."],
  sh: ["", "Runs the cell with sh."],
  writefile: ["[-a] file", "Writes the cell into the file, with -a at its end."],
  html: ["", "Shows the cell as HTML."],
  markdown: ["", "Shows the cell as Markdown."],
  latex: ["", "Shows the cell as LaTeX."],
  svg: ["", "Shows the cell as an SVG picture."],
};

/** The cell magics whose body is TypeScript; all others get their body as text. */
export const codeCells: ReadonlySet<string> = new Set(["time", "timeit"]);

/** The magics of IPython that are not needed here, and why. */
const needless: Readonly<Record<string, string>> = {
  matplotlib: "Figures of thaw and plotly are shown as they are.",
  autoreload: "Local .ts files are compiled again by themselves when they have changed.",
  load_ext: "There are no extensions to load.",
  autoawait: "await works everywhere in a cell.",
  pip: "For packages of Node use %npm install NAME; for Python's use !pip.",
  conda: "For packages of Node use %npm install NAME; for conda's use !conda.",
  run: 'Use await import("./file.ts").',
  debug: "Use the debugger of Node: node --inspect.",
  capture: "Use console.log to a variable of your own.",
};

/** The error of a cell that asks for a magic that does not exist. */
export class UnknownMagic extends CodedError {
  override readonly name = "UnknownMagic";

  /** Makes the error; `sign` is `%` or `%%`. */
  constructor(sign: "%" | "%%", name: string) {
    const known = Object.keys(sign === "%" ? lineMagics : cellMagics);
    const other = sign === "%" ? cellMagics : lineMagics;
    const close = closest(name, known);
    const hint =
      needless[name] ??
      (name in other
        ? `There is ${sign === "%" ? "%%" : "%"}${name}.`
        : close === undefined
          ? ""
          : `Did you mean ${sign}${close}?`);
    const list = known.map((each) => sign + each).join(" ");
    super(
      "UNKNOWN_MAGIC",
      `There is no magic ${sign}${name}. ${hint}${hint === "" ? "" : " "}These exist: ${list}. %lsmagic says what they do.`,
    );
  }
}

/** Returns the list for `%lsmagic`. */
export function listMagics(): string {
  const rows = [
    ...Object.entries(lineMagics).map(([name, [usage, does]]) => [`%${name} ${usage}`.trimEnd(), does] as const),
    ...Object.entries(cellMagics).map(([name, [usage, does]]) => [`%%${name} ${usage}`.trimEnd(), does] as const),
    [
      "!command",
      "Runs the command with sh; `$" +
        "{expression}` is replaced by its value. `const lines = !command` keeps its output.",
    ] as const,
    ["name?, name??", "What the name holds, and its documentation."] as const,
  ];
  const width = Math.max(...rows.map(([usage]) => usage.length));
  return rows.map(([usage, does]) => `${usage.padEnd(width)}  ${does}`).join("\n");
}

/** Returns the help text of a magic, as for `%time?`; undefined if there is no such magic. */
export function describeMagic(name: string): string | undefined {
  const bare = name.replace(/^%+/, "");
  const lines = [
    ...(name.startsWith("%%") || lineMagics[bare] === undefined ? [] : [describe(`%${bare}`, lineMagics[bare])]),
    ...(cellMagics[bare] === undefined ? [] : [describe(`%%${bare}`, cellMagics[bare])]),
  ];
  return lines.length === 0 ? undefined : lines.join("\n\n");
}

function describe(name: string, [usage, does]: Entry): string {
  return `${`${name} ${usage}`.trimEnd()}\n${does}`;
}
