/**
 * Ends a build: removes what no source makes any more, and writes the kernel as a few CommonJS files beside its compiled
 * modules, so that Node opens three files at start instead of forty.
 */
import { chmodSync, existsSync, readdirSync, rmSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { runInNewContext } from "node:vm";
import { rolldown } from "rolldown";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const dist = join(root, "dist");
const kernel = join(dist, "kernel");

/**
 * A bundled module still says that it lies where it was compiled to: what it looks for is beside it there.
 * @type {import("rolldown").Plugin}
 */
const ownUrls = {
  name: "own-urls",
  transform(code, id) {
    if (!code.includes("import.meta.url")) return null;
    const path = JSON.stringify(relative(kernel, id));
    const own = code.replaceAll("import.meta.url", `urlOfPath(__dirname + "/" + ${path}).href`);
    return `import { pathToFileURL as urlOfPath } from "node:url";\n${own}`;
  },
};

/**
 * The parser's JavaScript is bundled; its addon stays where npm has put it.
 * @type {import("rolldown").Plugin}
 */
const parserAddon = {
  name: "parser-addon",
  load(id) {
    if (!/oxc-parser[\\/]src-js[\\/]bindings\.js$/.test(id)) return null;
    const names = "parse parseSync rawTransferSupported Severity ParseResult ExportExportNameKind ExportImportNameKind";
    return `import { createRequire } from "node:module";
import { dirname, join } from "node:path";
const load = createRequire(__filename);
export const { ${names.split(" ").join(", ")}, ExportLocalNameKind, ImportNameKind } =
  load(join(dirname(load.resolve("oxc-parser")), "bindings.js"));`;
  },
};

/**
 * The realm's global object is slow to ask (`vm.createContext`): each file asks it once, for every global there is.
 * @type {string[]}
 */
const ofLanguage = runInNewContext("Object.getOwnPropertyNames(globalThis)");
const language = ofLanguage.filter((name) => /^[A-Z]\w+$/.test(name));
const node = ["Buffer", "URL", "AbortController", "process", "performance", "structuredClone", "queueMicrotask"];
const timers = ["setTimeout", "setInterval", "setImmediate", "clearTimeout", "clearInterval", "clearImmediate"];
const globals = [...language, ...node, ...timers].filter((name) => !/^(NaN|Infinity)$/.test(name));

/** Packages stay packages, but for small ones that cells must not be able to change (see kernel/cells/realm/realm.ts), and what those need. */
const inside = /^(magic-string|@jridgewell\/sourcemap-codec|oxc-parser|get-tsconfig|resolve-pkg-maps|semver\/.*)$/;
const outside = new Set(["magic-string", "@jridgewell/sourcemap-codec"]);

// The compiler leaves what earlier sources became, and a package would hold it.
for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
  const made = join(entry.parentPath, entry.name);
  const source = join(root, relative(dist, made).replace(/(\.d)?\.[jt]s$/, ".ts"));
  if (/\.(js|d\.ts)$/.test(made) && !existsSync(source)) rmSync(made);
}
chmodSync(join(dist, "cli", "thaw.js"), 0o755); // `npx thaw` is a link to it
for (const file of readdirSync(kernel)) if (file.endsWith(".cjs")) rmSync(join(kernel, file));
await write({
  input: {
    main: join(kernel, "main.js"),
    worker: join(kernel, "protocol", "worker.js"),
    language: join(kernel, "language", "worker.js"), // an ES module takes two seconds to import TypeScript
  },
  external: (id) => !/^[./]/.test(id) && !outside.has(id),
  names: "[name].cjs",
});
await write({
  input: { host: join(kernel, "cells", "hostThread.js") },
  external: (id) => !/^[./]/.test(id) && !inside.test(id),
  names: "host-[name].cjs",
  entry: "host.cjs",
  intro: `const { ${globals.join(", ")} } = globalThis;`,
});

/**
 * Bundles some files of dist/kernel.
 * @param {object} bundle
 * @param {Record<string, string>} bundle.input what is started, by its name
 * @param {(id: string) => boolean} bundle.external says what stays a package
 * @param {string} bundle.names of the files that are shared
 * @param {string} [bundle.entry] of the files that are started
 * @param {string} [bundle.intro] stands first in every file
 */
async function write({ input, external, names, entry = names, intro = "" }) {
  const bundle = await rolldown({ input, platform: "node", external, plugins: [ownUrls, parserAddon] });
  const format = { dir: kernel, format: "cjs", entryFileNames: entry, chunkFileNames: names, comments: false, intro };
  await bundle.write(/** @type {import("rolldown").OutputOptions} */ (format));
}
