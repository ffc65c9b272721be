/** Stacks are the user's from the start, wherever they are printed or read: the cell's own lines, no frame of the kernel or of Node. */
import { fileURLToPath } from "node:url";
import type { Sources } from "./sources.ts";

const kernelFolder = fileURLToPath(new URL("../", import.meta.url));
/** `at name (In[3]:4:5)`, without the `at`: in front of the position, source, line, column, behind it. */
const frame = /^(.*\()?((?:async )?)(.*?):(\d+):(\d+)(\)?)$/;

type Prepare = NonNullable<typeof Error.prepareStackTrace>;

/** From now on. Code that prepares stacks itself may, as long as it does. */
export function keepStacks(sources: Sources): void {
  Error.stackTraceLimit = 30;
  let other: Prepare | undefined;
  const prepare: Prepare = (error, sites) => {
    const lines: string[] = [];
    for (const site of sites) {
      const file = site.getFileName() ?? site.getScriptNameOrSourceURL?.() ?? "";
      if (file === "node:inspector") break; // the kernel called the cell through it
      if (!file.startsWith("node:") && !isKernel(file)) lines.push(`\n    at ${own(String(site), sources)}`);
    }
    return `${title(error)}${lines.join("")}`;
  };
  Object.defineProperty(Error, "prepareStackTrace", {
    get: () => other ?? prepare,
    set: (given: unknown) => {
      other = typeof given === "function" && given !== prepare ? (given as Prepare) : undefined;
    },
    configurable: true,
  });
}

/** The frame with its place in what the user wrote. */
function own(text: string, sources: Sources): string {
  const [, name = "", waits = "", source = "", line, column, end = ""] = frame.exec(text) ?? [];
  if (!sources.has(source)) return text;
  const place = sources.locate(source, Number(line), Number(column));
  const at = `${waits}${source}:${place.line}:${place.column}`;
  return name === "" || name === "eval (" ? at : `${name}${at}${end}`;
}

/** As V8 begins a stack. */
function title(error: Error): string {
  try {
    return Error.prototype.toString.call(error);
  } catch {
    return "Error";
  }
}

function isKernel(file: string): boolean {
  return (file.startsWith("file:") ? fileURLToPath(file) : file).startsWith(kernelFolder);
}
