/**
 * Declares what every cell finds in place, as one ambient declaration file. Its types are those of the code that puts it there
 * (kernel/cells), by the paths of its declarations: nothing of that thread is imported here.
 */
import { fileURLToPath } from "node:url";

const cells = fileURLToPath(new URL("../cells/", import.meta.url)).replaceAll("\\", "/");
const from = (module: string): string => `import(${JSON.stringify(cells + module)})`;

export const globalsText = `
/**
 * Shows a value where the cell is: figures, tables, images and everything that carries
 * \`[Symbol.for("Jupyter.display")]\` in their rich form, other values as text.
 * \`display.html\`, \`display.markdown\` and the like show text of one type.
 * @returns a handle; its \`update(value)\` replaces what is shown
 */
declare var display: ${from("globals/displayFunction")}.Display;

/** Empties the cell's output; with \`{ wait: true }\` only when the next output comes. */
declare var clearOutput: ReturnType<typeof ${from("globals/host")}.createClearOutput>;

/** The notebook's parameters with their defaults, replaced by what a run was given. */
declare var params: ${from("globals/params")}.Params;

/** Asks the person at the notebook for a line of text, and waits for it. */
declare var input: ${from("globals/prompts")}.Prompts["input"];

/** Asks for a line of text that is not shown while it is typed. */
declare var password: ${from("globals/prompts")}.Prompts["password"];

/** Asks for a line of text, as in browsers: null for an empty answer without a default. */
declare var prompt: ${from("globals/prompts")}.Prompts["prompt"];

/** Asks a question; true for an answer that begins with y. */
declare var confirm: ${from("globals/prompts")}.Prompts["confirm"];

/** Waits until the person at the notebook has read a message. */
declare var alert: ${from("globals/prompts")}.Prompts["alert"];

/** Channels to widgets of the frontend: \`Jupyter.comms.open(target, data)\`, \`Jupyter.comms.registerTarget(target, handler)\`. */
declare var Jupyter: { readonly comms: ${from("globals/comms")}.Comms };

/** The part of Deno that notebooks written for it use: \`Deno.jupyter\`. */
declare var Deno: ReturnType<typeof ${from("globals/deno")}.createDeno>;
`;
