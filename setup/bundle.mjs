/** The kernel as a few CommonJS files beside its compiled modules: Node opens three files at start instead of forty. */
import { readdirSync, rmSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const kernel = join(dirname(fileURLToPath(import.meta.url)), "..", "dist", "kernel");

/** A bundled module still says that it lies where it was compiled to: what it looks for is beside it there. */
const ownUrls = {
  name: "own-urls",
  transform(code, id) {
    if (!code.includes("import.meta.url")) return null;
    const path = JSON.stringify(relative(kernel, id));
    return code.replaceAll("import.meta.url", `require("node:url").pathToFileURL(__dirname + "/" + ${path}).href`);
  },
};

for (const file of readdirSync(kernel)) if (file.endsWith(".cjs")) rmSync(join(kernel, file));
/** Packages stay packages, but for one whose default export differs between `import` and `require`, and what it needs. */
const inside = new Set(["magic-string", "@jridgewell/sourcemap-codec"]);

/** A cell can replace any global; what the kernel itself uses it takes before the first cell runs. */
const globals = [
  ...["AbortController", "AggregateError", "Array", "BigInt", "Boolean", "Buffer", "Date", "Error"],
  ...["Function", "Int32Array", "Map", "Number", "Promise", "Proxy", "RegExp", "Set", "String"],
  ...["SharedArrayBuffer", "Symbol", "SyntaxError", "TypeError", "URL", "Uint8Array", "WeakMap", "WeakRef", "WeakSet"],
  ...["clearInterval", "clearTimeout", "performance", "process", "queueMicrotask", "setImmediate", "setInterval"],
  ...["setTimeout", "structuredClone"],
];
const holders = ["Atomics", "JSON", "Math", "Object", "Reflect"];
const intro = `const { ${globals.join(", ")} } = globalThis;
const [${holders.join(", ")}] = [${holders.map((name) => `globalThis.${name}`).join(", ")}].map((holder) =>
  globalThis.Object.defineProperties({}, globalThis.Object.getOwnPropertyDescriptors(holder)));`;

const bundle = await rolldown({
  input: {
    main: join(kernel, "main.js"),
    worker: join(kernel, "channels", "worker.js"),
    language: join(kernel, "language", "thread.js"), // an ES module takes two seconds to import TypeScript
  },
  platform: "node",
  external: (id) => !/^[./]/.test(id) && !inside.has(id),
  plugins: [ownUrls],
});
await bundle.write({
  dir: kernel,
  format: "cjs",
  entryFileNames: "[name].cjs",
  chunkFileNames: "[name].cjs",
  comments: false,
  intro,
});
