/** Text of a magic as a template literal: `${expression}` is the notebook's, `$NAME` stays the shell's. */
import { statementsOf } from "../../shared/syntax.ts";

/** The literal's source. A `${NAME}` that names no variable of the notebook, or is no expression, stays the shell's too. */
export function interpolated(text: string, isDefined: (name: string) => boolean): string {
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
