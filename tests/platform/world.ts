/** A folder with a model and an export of the first save, files of the user's beside them, and what a second save writes. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { readFolder } from "../../src/platform/readFolder.ts";
import { type SaveOptions, saveFolder } from "../../src/platform/saveFolder.ts";

/** Path -> content. */
export type Tree = Readonly<Record<string, string>>;

/** The files and links below a folder. `readdirSync` with `recursive` follows links to folders in newer versions of Node. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesBelow(join(folder, entry.name)) : join(folder, entry.name),
  );
}

/** All files below a folder, by their paths; those of the saving itself are left out. */
export function treeOf(folder: string, hidden = false): Tree {
  const files = filesBelow(folder)
    .map((path) => path.slice(folder.length + 1))
    .filter((path) => path.includes(".thaw-") === hidden && path !== "thaw_manifest.json");
  const contentOf = (path: string) =>
    statSync(path).isFile() ? readFileSync(path, "utf8") : `leads to ${realpathSync(path)}`;
  return Object.fromEntries(files.sort().map((path) => [path, contentOf(join(folder, path))]));
}

/** What the saving has left behind, anywhere below a folder. */
export function restsIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) => path.includes(".thaw-"));
}

/** The files of a model called `name`, each with the name in it. */
export function modelFiles(name: string, others: readonly string[]): Tree {
  const files = ["config.json", "model.safetensors", ...others];
  return Object.fromEntries(files.map((file) => [file, `${file} of ${name}`]));
}

export const users: Tree = { "notes.txt": "mine", "onnx/mine.txt": "mine too", "sub/kept": "and this" };
export const before: Tree = modelFiles("the first", ["first_only.json", "tokenizer.json"]);
const exported: Tree = { "onnx/model.onnx": "first", "onnx/model_quantized.onnx": "first" };
export const after: Tree = modelFiles("the second", ["tokenizer.json", "deep/er/x.bin"]);
export const later: Tree = modelFiles("the third", []);
/** The folder before the second save, and after it. */
export const old: Tree = sorted({ ...users, ...before, ...exported });
export const whole: Tree = sorted({ ...users, ...after });

/** Saves files as a model whose weights are named by one of them. */
export async function save(folder: string, files: Tree, options: Partial<SaveOptions> = {}): Promise<void> {
  const bytes = Object.values(files).join("").length;
  await saveFolder(folder, { part: "model", bytes, ...options }, async (staging) => {
    for (const [name, content] of Object.entries(files)) await staging.write(name, chunks(content));
    return String(Object.values(files)[1]).slice(-10);
  });
}

function* chunks(text: string): Generator<Uint8Array> {
  yield Buffer.from(text.slice(0, 4));
  yield Buffer.from(text.slice(4));
}

export async function read(folder: string): Promise<Tree> {
  return await readFolder(folder, async (place) => treeOf(place));
}

/** A folder `root` in which `root/model` is the one above. `fresh()` makes it so again. */
export async function makeWorld(): Promise<{ root: string; model: string; fresh: () => void; remove: () => void }> {
  const memory = "/dev/shm"; // a disk in memory, where there is one: each of some thousand faults wants the world anew
  const root = mkdtempSync(join(existsSync(memory) ? memory : tmpdir(), "thaw-world-"));
  const [template, live] = [join(root, "template"), join(root, "live")];
  for (const [path, content] of Object.entries(users)) {
    mkdirSync(dirname(join(template, "model", path)), { recursive: true });
    writeFileSync(join(template, "model", path), content);
  }
  await save(join(template, "model"), before);
  await saveFolder(join(template, "model"), { part: "export" }, async (staging) => {
    for (const [name, content] of Object.entries(exported)) await staging.write(name, content);
    return String(before["model.safetensors"]).slice(-10);
  });
  const fresh = () => {
    rmSync(live, { recursive: true, force: true });
    cpSync(template, live, { recursive: true });
  };
  fresh();
  return { root: live, model: join(live, "model"), fresh, remove: () => rmSync(root, { recursive: true }) };
}

function sorted(tree: Tree): Tree {
  return Object.fromEntries(Object.entries(tree).sort(([a], [b]) => (a < b ? -1 : 1)));
}
