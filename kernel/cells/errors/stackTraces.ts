/**
 * Stack traces show the user's code from the start, wherever they are printed or read: the cell's own lines, no frame
 * of the kernel or of Node.
 */
import { fileURLToPath } from "node:url";
import { types } from "node:util";
import { asWritten } from "../rewrite/imports.ts";
import type { Sources } from "./sources.ts";

const kernelFolder = fileURLToPath(new URL("../../", import.meta.url));
/**
 * Matches a frame such as `name (In[3]:4:5)`: the text in front of the position, source, line, column, the text behind
 * it.
 */
const frame = /^(.*\()?((?:async )?)(.*?):(\d+):(\d+)(\)?)$/;

type Prepare = NonNullable<typeof Error.prepareStackTrace>;

const titleOf = Error.prototype.toString;
/** The stacks of errors to which a call site was added, as they were before. */
const bare = new WeakMap<Error, string>();

/**
 * Remembers where the cell's code calls the kernel. Returns a function that adds this place to an error that comes
 * later and knows of no cell.
 */
export function captureCallSite(): (error: unknown) => unknown {
  const place = new Error();
  return (error) => {
    try {
      if (!types.isNativeError(error)) return error;
      const stack = bare.get(error) ?? String(error.stack);
      if (/ at (?:.*\()?(?:async )?In\[/.test(stack)) return error;
      bare.set(error, stack);
      const value = stack + String(place.stack).slice("Error".length);
      Object.defineProperty(error, "stack", { value, writable: true, configurable: true });
    } catch {
      // an error that cannot be changed is told as it is
    }
    return error;
  };
}

/** Installs `Error.prepareStackTrace` for cells. Code that prepares stacks itself may do so. */
export function installStackTraces(sources: Sources): void {
  Error.stackTraceLimit = 30;
  let other: Prepare | undefined;
  const prepare: Prepare = (error, sites) => {
    const lines: string[] = [];
    for (let i = 0; i < sites.length; i++) {
      const site = sites[i] as NodeJS.CallSite; // the list is of the cells' realm, and iterated as cells say
      const file = site.getFileName() ?? site.getScriptNameOrSourceURL?.() ?? "";
      if (file === "node:inspector") break; // the kernel called the cell through it
      if (!file.startsWith("node:") && !isKernel(file)) lines.push(`\n    at ${placedFrame(String(site), sources)}`);
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

/** Rewrites a stack frame to its position in the user's source. */
function placedFrame(text: string, sources: Sources): string {
  const [, name = "", waits = "", source = "", line, column, end = ""] = frame.exec(text) ?? [];
  if (!sources.has(source)) return text;
  const place = sources.locate(source, Number(line), Number(column));
  const at = `${waits}${source}:${place.line}:${place.column}`;
  return name === "" || name === "eval (" ? at : `${name}${at}${end}`;
}

/** Formats the first line of a stack as V8 does. */
function title(error: Error): string {
  try {
    return asWritten(Reflect.apply(titleOf, error, []));
  } catch {
    return "Error";
  }
}

function isKernel(file: string): boolean {
  return (file.startsWith("file:") ? fileURLToPath(file) : file).startsWith(kernelFolder);
}
