/** Decides the compiler options for cells: lenient where notebooks are, and as the tsconfig.json that holds for their folder says. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import ts from "typescript";
import { readTsconfig } from "../shared/modules.ts";

/** Options that a tsconfig.json may decide. The rest is how this kernel runs code, which no file changes. */
const honoured = [
  "strict",
  "noImplicitAny",
  "strictNullChecks",
  "strictFunctionTypes",
  "strictBindCallApply",
  "strictPropertyInitialization",
  "noImplicitThis",
  "useUnknownInCatchVariables",
  "exactOptionalPropertyTypes",
  "noUncheckedIndexedAccess",
  "noPropertyAccessFromIndexSignature",
  "noImplicitOverride",
  "lib",
  "types",
  "jsx",
  "jsxFactory",
  "jsxFragmentFactory",
  "jsxImportSource",
  "experimentalDecorators",
  "emitDecoratorMetadata",
  "useDefineForClassFields",
] as const;

/** Parts of "strict" that are too much for cells where no tsconfig.json asks for them. */
const lenient = ["noImplicitAny", "useUnknownInCatchVariables", "strictPropertyInitialization", "noImplicitThis"];

/**
 * Returns the options for the cells of a notebook in `folder`. `noImplicitAny` is always on, since without it
 * `let list = []` is a list that takes nothing. What it complains about counts only where the folder asks for it: see
 * `complainsOfAny`.
 */
export function compilerOptions(folder: string): ts.CompilerOptions {
  return {
    strict: true,
    ...Object.fromEntries(lenient.map((key) => [key, false])),
    lib: ["lib.esnext.d.ts"],
    types: ["node"],
    jsx: ts.JsxEmit.ReactJSX,
    ...fromConfig(folder),
    ...resolutionOptions(folder),
    typeRoots: typeRoots(folder),
    noImplicitAny: true,
    target: ts.ScriptTarget.ESNext,
    module: ts.ModuleKind.Preserve,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    moduleDetection: ts.ModuleDetectionKind.Force,
    allowImportingTsExtensions: true,
    resolveJsonModule: true,
    esModuleInterop: true,
    allowJs: true,
    skipLibCheck: true,
    noEmit: true,
  };
}

/** Returns the options that decide which file a name leads to from a folder: as when the code runs (kernel/cells/modules/resolve.ts). */
export function resolutionOptions(folder: string): ts.CompilerOptions {
  const { paths, baseUrl, pathsBasePath, customConditions = [] } = readTsconfig(ts, folder);
  const named = Object.entries({ paths, baseUrl, pathsBasePath }).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(named), customConditions: [...customConditions, "node"] };
}

/** Whether the folder wants to hear of parameters and variables without types. In sketches they are no mistake. */
export function complainsOfAny(folder: string): boolean {
  return fromConfig(folder).noImplicitAny === true;
}

function fromConfig(folder: string): ts.CompilerOptions {
  const options = readTsconfig(ts, folder);
  // "strict" means all of it, what is lenient by default included
  const wholly = options.strict === true ? Object.fromEntries(lenient.map((key) => [key, true])) : {};
  const said = honoured.map((key) => [key, options[key]]).filter(([, value]) => value !== undefined);
  return { ...wholly, ...Object.fromEntries(said) };
}

/** Finds the `@types/node` of the notebook, else the kernel's own, wherever a package manager has put it. */
function typeRoots(folder: string): string[] {
  for (const from of [join(folder, "notebook"), import.meta.url]) {
    try {
      return [dirname(dirname(createRequire(from).resolve("@types/node/package.json")))];
    } catch {
      // look in the next place
    }
  }
  return [];
}
