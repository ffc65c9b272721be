/** A function as text: its name, and its parameters as far as the kernel has not rewritten them. */
import { inspect } from "node:util";
import { printable } from "./printable.ts";

/** `[Function: add] (a, b)`; short arrow functions whole. */
export function functionText(value: CallableFunction): string {
  const name = inspect(value, { breakLength: 100, maxArrayLength: 20 });
  const source = Function.prototype.toString.call(value);
  if (/^class\b/.test(source) || source.endsWith("{ [native code] }") || !name.startsWith("[")) return name;
  const head = source.length <= 80 && source.includes("=>") ? source : parametersOf(source);
  if (head === undefined || head.includes("__thaw")) return name;
  return `${name} ${printable(tidy(head), 200)}`;
}

/** From the first parenthesis to the one that closes it; strings with parentheses in defaults are not looked into. */
function parametersOf(source: string): string | undefined {
  const start = source.indexOf("(");
  let open = 0;
  for (let i = start; i >= 0 && i < Math.min(source.length, start + 500); i++) {
    if (source[i] === "(") open++;
    else if (source[i] === ")" && --open === 0) return source.slice(start, i + 1);
  }
  return undefined;
}

/** Types that were taken out of a cell have left blanks. */
function tidy(source: string): string {
  return source.replace(/\s+/g, " ").replace(/ ([,)])/g, "$1");
}
