/** Reads what the files of this project import, with a parser: statically, dynamically, for types only, and as a thread's file. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { parseSync, Visitor } from "oxc-parser";

export const root = join(import.meta.dirname, "../..");

export type ImportKind = "value" | "type" | "dynamic" | "thread";

/** One import of a file of the project or of a package. */
export interface Import {
  /** The importing file, as a path from the root. */
  readonly file: string;
  /** The imported file as a path from the root, or a package as it is written. */
  readonly target: string;
  readonly kind: ImportKind;
  /** Whether a file is named, wherever it lies: by a path, or by a name that package.json has for files of its own. */
  readonly isFile: boolean;
}

/** The source files below a folder that are read by a compiler or by Node, as paths from the root, in order. */
export function filesIn(folder: string, ending = /\.(ts|mjs|cjs)$/): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && ending.test(entry.name) && !entry.parentPath.includes("node_modules"))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((file) => !/(^|\/)(build|target)\//.test(file))
    .sort();
}

/** Every import of a file, each target once for every kind. */
export function importsOf(file: string, source = readFileSync(join(root, file), "utf8")): Import[] {
  const found = new Map<string, Import>();
  const add = (specifier: string, kind: ImportKind): void => {
    const target = targetOf(file, specifier);
    found.set(`${kind} ${target}`, { file, target, kind, isFile: target !== specifier });
  };
  const { program, module } = parseSync(file, source);
  for (const { moduleRequest, entries } of module.staticImports) {
    add(moduleRequest.value, entries.length > 0 && entries.every(({ isType }) => isType) ? "type" : "value");
  }
  for (const { entries } of module.staticExports) {
    for (const { moduleRequest, isType } of entries) {
      if (moduleRequest !== null) add(moduleRequest.value, isType ? "type" : "value");
    }
  }
  new Visitor({
    ImportExpression: ({ source: from }) => {
      if (from.type === "Literal") add(String(from.value), "dynamic");
    },
    TSImportType: ({ source: from }) => add(from.value, "type"),
    CallExpression: ({ callee, arguments: [first] }) => {
      if (callee.type !== "Identifier" || callee.name !== "require") return;
      if (first?.type === "Literal") add(String(first.value), "value");
    },
    NewExpression: ({ callee, arguments: [first, base] }) => {
      if (callee.type !== "Identifier" || callee.name !== "URL" || base === undefined) return;
      const isFile = first?.type === "Literal" && /^\.{1,2}\/.*\.([cm]?[jt]s)$/.test(String(first.value));
      if (isFile && source.slice(base.start, base.end) === "import.meta.url") add(String(first.value), "thread");
    },
  }).visit(program);
  if (!file.endsWith(".ts")) {
    // the types of plain JavaScript stand in comments
    for (const [, at, inner] of source.matchAll(/@import [^*]*? from "([^"]+)"|\bimport\("([^"]+)"\)\./g)) {
      add(String(at ?? inner), "type");
    }
  }
  return [...found.values()];
}

/**
 * Returns what a specifier leads to: a file of the project, `.js` being the `.ts` that it is compiled from, or a package. The
 * library under its own name, and `#dist/`, which package.json has for what is built, are files of the project.
 */
function targetOf(file: string, specifier: string): string {
  const ownName = specifier === "thaw" ? "src/index.ts" : specifier.replace(/^#dist\//, "");
  if (ownName === specifier && !specifier.startsWith(".")) return specifier;
  const path = relative(root, ownName === specifier ? join(root, dirname(file), specifier) : join(root, ownName));
  const source = path.replace(/\.js$/, ".ts");
  return existsSync(join(root, source)) ? source : path;
}

/** Files that import each other in a circle, each as the path through it: strongly connected components, by Tarjan. */
export function circlesOf(imports: readonly Pick<Import, "file" | "target">[]): string[][] {
  const targets = new Map<string, string[]>();
  for (const { file, target } of imports) targets.set(file, [...(targets.get(file) ?? []), target]);
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const open: string[] = [];
  const components: string[][] = [];
  const visit = (file: string): void => {
    order.set(file, order.size);
    lowest.set(file, order.size - 1);
    open.push(file);
    for (const target of targets.get(file) ?? []) {
      if (!order.has(target)) visit(target);
      else if (!open.includes(target)) continue;
      lowest.set(file, Math.min(Number(lowest.get(file)), Number(lowest.get(target))));
    }
    if (lowest.get(file) === order.get(file)) components.push(open.splice(open.indexOf(file)));
  };
  for (const file of targets.keys()) if (!order.has(file)) visit(file);
  const loops = imports.filter(({ file, target }) => file === target).map(({ file }) => [file]);
  return [
    ...components.filter((component) => component.length > 1).map((component) => wayRound(component, targets)),
    ...loops,
  ];
}

/** The shortest way from the first file of a component back to it. */
function wayRound(component: readonly string[], targets: ReadonlyMap<string, readonly string[]>): string[] {
  const start = component[0] as string;
  const ways: string[][] = [[start]];
  const seen = new Set<string>();
  for (let way = ways.shift(); way !== undefined; way = ways.shift()) {
    for (const target of targets.get(way.at(-1) as string) ?? []) {
      if (target === start) return [...way, start];
      if (!component.includes(target) || seen.has(target)) continue;
      seen.add(target);
      ways.push([...way, target]);
    }
  }
  return [...component];
}
