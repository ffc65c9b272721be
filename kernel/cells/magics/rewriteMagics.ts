/** Magics become TypeScript: each is a call of `__thaw.magics` on the lines it had, so that tracebacks stay right. */
import { blankMagic, findMagics, type Magic, type Surroundings } from "../../shared/magics/find.ts";
import { contains, statementsOf } from "../../shared/syntax.ts";

/** Returns the code that runs for `code`, or undefined where there is no magic in it. */
export function rewriteMagics(code: string, surroundings: Surroundings): string | undefined {
  const magics = findMagics(code, surroundings);
  const [first] = magics;
  if (first === undefined) return undefined;
  const rest = magics.reduceRight(blankMagic, code);
  const isDefined = (name: string): boolean => surroundings.isDefined(name) || rest.split(/[^\w$]+/).includes(name);
  let text = code;
  for (const magic of magics.slice(first.kind === "cell" ? 1 : 0).reverse()) {
    text = text.slice(0, magic.start) + rewriteLine(code, magic, isDefined) + text.slice(magic.end);
  }
  return first.kind === "cell" ? rewriteCell(text, first, isDefined) : text;
}

type IsDefined = Surroundings["isDefined"];

const call = "await __thaw.magics";

function rewriteLine(code: string, magic: Magic, isDefined: IsDefined): string {
  const argument = (text: string) => interpolate(text.trim(), isDefined);
  switch (magic.kind) {
    case "shell": {
      const command = code.slice(magic.at, magic.end).replace(/^!{1,2}/, "");
      const lines = command.split("\n").length - 1;
      const method = magic.assigned ? "lines" : "shell";
      return `${code.slice(magic.start, magic.at)}${call}.${method}(${argument(command)});${"\n".repeat(lines)}`;
    }
    case "help":
      return `${call}.page(${JSON.stringify(magic.name)});`;
    case "timed": {
      const options = code.slice(magic.at + 1 + magic.name.length, magic.codeStart);
      const timed = rewriteTimed(magic.name, options, code.slice(magic.codeStart, magic.end));
      return code.slice(magic.start, magic.at) + timed;
    }
    case "line": {
      const text = argument(code.slice(magic.at + 1 + magic.name.length, magic.end).replace(/;\s*$/, ""));
      return `${code.slice(magic.start, magic.at)}${call}.line(${JSON.stringify(magic.name)},${text});`;
    }
    case "cell":
      return "";
  }
}

/**
 * Rewrites `%time` and `%timeit`: an expression is timed with its value, statements between two marks, so that what
 * they declare stays.
 */
function rewriteTimed(name: "time" | "timeit", options: string, code: string): string {
  const settings = JSON.stringify(options.trim());
  const statements = statementsOf(code);
  const [only] = statements ?? [];
  if (statements === undefined || only === undefined) return `${call}.${name}(()=>(${code}),${settings});`;
  const awaits = statements.some((statement) =>
    contains(statement, (node) => node.type === "AwaitExpression" || node.await === true),
  );
  const arrow = awaits ? "async()=>" : "()=>";
  const end = statements.at(-1)?.end ?? code.length;
  const body = code.slice(0, end); // without a comment behind it, which would hide what closes the call
  const rest = code.slice(end).replace(/[^\n]/g, "");
  if (statements.length === 1 && only.type === "ExpressionStatement") {
    return `${call}.${name}(${arrow}(${body.replace(/;$/, "")}),${settings});${rest}`;
  }
  if (name === "timeit") return `${call}.timeit(${arrow}{${body}},${settings});${rest}`;
  return `__thaw.magics.begin();${body};__thaw.magics.end();${rest}`;
}

function rewriteCell(code: string, { name, start, end }: Magic & { kind: "cell" }, isDefined: IsDefined): string {
  const head = code.slice(start, end);
  const options = head.replace(/^\s*%%\w*/, "").trim();
  const body = code.slice(end + 1);
  const before = code.slice(0, start).replace(/[^\n]/g, "");
  if (name === "time") return `${before}__thaw.magics.beginCell();${options}\n${body}`;
  if (name === "timeit") {
    const awaits = /\bawait\b/.test(body) ? "async()=>" : "()=>";
    return `${before}${call}.timeit(${awaits}{\n${body}\n},${JSON.stringify(options)});`;
  }
  const lineEnds = code.slice(end).replace(/[^\n]/g, "");
  const argument = interpolate(options, isDefined);
  return `${before}${call}.cell(${JSON.stringify(name)},${argument},${JSON.stringify(body)});${lineEnds}`;
}

/**
 * Writes the text of a magic as a template literal: `${expression}` is the notebook's, `$NAME` the shell's. A `${NAME}`
 * that names no variable of the notebook, or is no expression, is left to the shell too.
 */
function interpolate(text: string, isDefined: (name: string) => boolean): string {
  let literal = "";
  let index = 0;
  while (index < text.length) {
    const start = text.indexOf("${", index);
    if (start === -1) break;
    const end = closing(text, start + 2);
    const expression = text.slice(start + 2, end);
    const bare = /^[A-Za-z_$][\w$]*$/.test(expression);
    const ours = end !== -1 && (bare ? isDefined(expression) : isExpression(expression));
    literal += escaped(text.slice(index, start));
    literal += ours ? `\${__thaw.magics.text(${expression})}` : "\\${";
    index = ours ? end + 1 : start + 2;
  }
  return `\`${literal}${escaped(text.slice(index))}\``;
}

function escaped(text: string): string {
  return text.replace(/[\\`]|\$(?=\{)/g, "\\$&").replaceAll("\r", "\\r");
}

function closing(text: string, from: number): number {
  let open = 1;
  for (let index = from; index < text.length; index++) {
    if (text[index] === "{") open++;
    else if (text[index] === "}" && --open === 0) return index;
  }
  return -1;
}

function isExpression(text: string): boolean {
  const statements = statementsOf(`(${text})`);
  return statements?.length === 1 && statements[0]?.type === "ExpressionStatement";
}
