/**
 * Tests of kernels and of the command start what `npm run build` has put into dist/. They never run against a stale build:
 * `ensureBuilt` compares the sources with what was compiled, and builds once where they differ.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const repository = join(import.meta.dirname, "..");
/** Folders whose sources a kernel or the command runs. */
const folders = ["shared", "src", "kernel", "cli"];
/** Other files that decide what a build is. */
const settings = ["tsconfig.json", "tsconfig.build.json", "package-lock.json", "setup/bundle.mjs"];
/** The compiler would leave a cache in the temporary folder, in which a test may leave nothing. */
const noCache = { ...process.env, NODE_DISABLE_COMPILE_CACHE: "1" };
/** How often a process that waits for another's build looks whether it has ended, in milliseconds. */
const lookEveryMs = 100;

/** The part of TypeScript's record of a build that is read: each source with the SHA-256 of its text as it was compiled. */
interface BuildInfo {
  readonly fileNames: readonly string[];
  readonly fileInfos: readonly (string | { readonly version: string })[];
}

/** Builds if dist/ is stale. Of processes that ask at once one builds, and the others wait. Throws where the build fails. */
export async function ensureBuilt(root = repository): Promise<void> {
  if (staleness(root) === undefined) return;
  const release = await lock(join(root, "build", "tests.lock"));
  try {
    const reason = staleness(root);
    if (reason === undefined) return; // another process has built meanwhile
    process.stderr.write(`dist/ is stale (${reason}): building.\n`);
    const { status, stdout, stderr } = spawnSync("npm", ["run", "-s", "build"], {
      cwd: root,
      encoding: "utf8",
      env: noCache,
    });
    const left = status === 0 ? staleness(root) : `\n${stdout}${stderr}`.trimEnd();
    if (left !== undefined)
      throw new Error(`dist/ is stale (${reason}), and \`npm run build\` does not mend it: ${left}`);
  } finally {
    release();
  }
}

/** Says in which way dist/ differs from what a build would make of the sources, or returns undefined. */
export function staleness(root = repository): string | undefined {
  const record = join(root, "dist/.tsbuildinfo");
  const bundle = join(root, "dist/kernel/host.cjs"); // of all files of a build it is written last
  if (!existsSync(record) || !existsSync(bundle)) return "it is not built";
  const { fileNames, fileInfos } = JSON.parse(readFileSync(record, "utf8")) as BuildInfo;
  const compiled = new Map<string, string>();
  for (const [index, name] of fileNames.entries()) {
    const info = fileInfos[index] ?? "";
    if (name.startsWith("../")) compiled.set(name.slice("../".length), typeof info === "string" ? info : info.version);
  }
  for (const folder of folders) {
    for (const name of readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })) {
      const path = `${folder}/${name.replaceAll("\\", "/")}`;
      if (!path.endsWith(".ts")) continue;
      const hash = createHash("sha256")
        .update(readFileSync(join(root, path)))
        .digest("hex");
      if (compiled.get(path) !== hash) return `${path} is ${compiled.has(path) ? "changed" : "new"}`;
    }
  }
  const isSource = (path: string) => folders.some((folder) => path.startsWith(`${folder}/`));
  const gone = [...compiled.keys()].find((path) => isSource(path) && !existsSync(join(root, path)));
  if (gone !== undefined) return `${gone} is gone`;
  const built = statSync(bundle).mtimeMs;
  const newer = ["dist/.tsbuildinfo", ...settings].find((file) => statSync(join(root, file)).mtimeMs > built);
  return newer === undefined ? undefined : `${newer} is newer than the kernel's files`;
}

/** Takes a lock file, once its owner has let go of it or is gone. Returns what releases it. */
async function lock(path: string): Promise<() => void> {
  mkdirSync(join(path, ".."), { recursive: true });
  for (;;) {
    try {
      writeFileSync(path, String(process.pid), { flag: "wx" });
      return () => rmSync(path, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    if (isAbandoned(path)) rmSync(path, { force: true });
    else await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
  }
}

function isAbandoned(path: string): boolean {
  try {
    process.kill(Number(readFileSync(path, "utf8")), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}
