/** dist/, compiled from the TypeScript sources, and the kernel in it bundled. */
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { lastLines, runProgram } from "../child.mjs";
import { readJson, sha256, writeWhole } from "../files.mjs";
import { SetupProblem } from "../problem.mjs";

export const name = "TypeScript build";
export const bytes = 1e7;

const folders = ["shared", "src", "kernel", "cli", "bench"];
const settings = ["tsconfig.json", "tsconfig.build.json", "package-lock.json", "setup/bundle.mjs"];
const markerOf = ({ paths }) => join(paths.dist, ".thaw-build.json");

export function check(context) {
  const marker = readJson(markerOf(context));
  if (marker === undefined) return { done: false, detail: "not built" };
  const done = marker.sources === sourcesOf(context);
  return { done, detail: done ? "up to date" : "sources have changed" };
}

export async function run(context) {
  const compiler = join(context.paths.modules, "typescript", "bin", "tsc");
  const sources = sourcesOf(context);
  rmSync(markerOf(context), { force: true });
  for (const args of [[compiler, "-p", "tsconfig.build.json"], [join("setup", "bundle.mjs")]]) {
    const { code, output } = await runProgram(process.execPath, args, { context });
    if (code === 0) continue;
    throw new SetupProblem({
      code: "BUILD_FAILED",
      title: "TypeScript does not compile.",
      looked: `sources in ${folders.join("/, ")}/ without a type error`,
      found: lastLines(output),
      todo: "Mend the lines named above (`git status` shows what differs from the repository), then run the command again.",
    });
  }
  const command = join(context.paths.dist, "cli", "thaw.js");
  if (existsSync(command)) chmodSync(command, 0o755);
  writeWhole(markerOf(context), `${JSON.stringify({ sources })}\n`);
}

/** Changes with every source that is written, added or removed. */
export function sourcesOf({ root }) {
  const lines = settings.map((file) => sha256(readFileSync(join(root, file))));
  for (const folder of folders) {
    if (!existsSync(join(root, folder))) continue;
    for (const file of readdirSync(join(root, folder), { recursive: true }).sort()) {
      if (!file.endsWith(".ts")) continue;
      const { size, mtimeMs } = statSync(join(root, folder, file));
      lines.push(`${folder}/${file} ${size} ${mtimeMs}`);
    }
  }
  return sha256(lines.join("\n"));
}
