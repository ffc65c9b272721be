/** What `npm pack` would put into the package: everything that runs, nothing that does not. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join, posix } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";
import { ensureBuilt } from "../built.ts";
import { repository } from "./scratchClone.ts";

await ensureBuilt();

interface Listing {
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

const packed = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
  cwd: repository,
  encoding: "utf8",
  stdio: ["ignore", "pipe", "ignore"],
});
const parsed = JSON.parse(packed) as Listing[] | Record<string, Listing>;
const [listing] = Object.values(parsed) as [Listing]; // npm 12 gives an object, older ones an array
const paths = listing.files.map(({ path }) => path);
const listed = new Set(paths);
const manifest = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as Record<string, object>;

/** What a compiled file or a declaration imports, statically, dynamically or by `require`. */
function specifiersOf(path: string): string[] {
  const source = readFileSync(join(repository, path), "utf8");
  return ts.preProcessFile(source, true, true).importedFiles.map(({ fileName }) => fileName);
}
const code = paths.filter((path) => /\.([cm]?js|d\.ts)$/.test(path));
const imports = code.flatMap((path) => specifiersOf(path).map((specifier) => ({ path, specifier })));

test("it holds what is started and compiled on the person's machine", () => {
  const wanted = [
    ...["LICENSE", "README.md", "package.json", "dist/cli/thaw.js", "dist/src/index.js", "dist/src/index.d.ts"],
    ...["dist/kernel/main.cjs", "dist/kernel/worker.cjs", "kernel/install/logos/logo-64x64.png"],
    ...[
      "setup/setup.mjs",
      "setup/doctor.mjs",
      "setup/smoke.cjs",
      "setup/requirements.txt",
      "setup/fetched.txt",
      "native/thaw_ops.cc",
    ],
  ];
  expect(wanted.filter((path) => !listed.has(path))).toEqual([]);
});

test("every file that a file of it imports is in it", () => {
  const missing = imports
    .filter(({ specifier }) => specifier.startsWith("."))
    .map(({ path, specifier }) => ({ path, target: posix.join(posix.dirname(path), specifier) }))
    .map(({ path, target }) => ({ path, target: path.endsWith(".d.ts") ? target.replace(/\.ts$/, ".d.ts") : target }))
    .filter(({ target }) => !listed.has(target));
  expect(missing).toEqual([]);
});

test("every package that a file of it imports is a dependency", () => {
  const own = ["dependencies", "optionalDependencies", "peerDependencies"].flatMap((key) =>
    Object.keys(manifest[key] ?? {}),
  );
  const packages = imports
    .filter(({ specifier }) => !specifier.startsWith(".") && !isBuiltin(specifier))
    .filter(({ specifier }) => !specifier.startsWith("${")) // the text of an import that is written at run time
    .map(({ path, specifier }) => {
      const parts = specifier.split("/");
      return { path, name: parts.slice(0, specifier.startsWith("@") ? 2 : 1).join("/") };
    });
  expect(new Set(packages.map(({ name }) => name))).toContain("zeromq");
  expect(packages.filter(({ name }) => !own.includes(name))).toEqual([]);
});

test("it holds no test, bench, cache, notebook or secret, and is small", () => {
  const strays =
    /(^|\/)(tests?|bench|coverage|notebooks|\.[^/]+|node_modules|build)\/|\.(test|soak)\.|\.(ts|ipynb|node|tgz|log|tsbuildinfo|env)$/;
  expect(paths.filter((path) => strays.test(path.replace(/\.d\.ts$/, "")))).toEqual([]);
  console.log(`${paths.length} files, ${listing.size} bytes packed, ${listing.unpackedSize} unpacked`);
  expect(listing.size).toBeLessThan(1_200_000); // the code alone: a model or a notebook more would be seen
  expect(listing.unpackedSize).toBeLessThan(4_000_000);
});
