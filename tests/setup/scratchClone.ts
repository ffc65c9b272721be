/** A folder that looks like a clone whose set-up has come to a certain step, and the set-up's programs run on it. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { onTestFinished } from "vitest";

export const repository = join(import.meta.dirname, "..", "..");

const { withoutHashes } = (await import(join(repository, "setup", "pins.mjs"))) as {
  withoutHashes(list: string): string;
};

export interface ScratchClone {
  readonly root: string;
  /** A folder for programs that shadow the machine's. */
  readonly bin: string;
}

const steps = ["nothing", "packages", "environment", "tensorflow"] as const;

/** A clone in which everything up to and including the named step is done. Removed when the test ends. */
export function scratchClone(done: (typeof steps)[number]): ScratchClone {
  const root = mkdtempSync(join(tmpdir(), "thaw-clone-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const write = (path: string, content: unknown): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), typeof content === "string" ? content : JSON.stringify(content));
  };
  const missing = { version: "1.0.0", integrity: `sha512-${Buffer.alloc(64).toString("base64")}` };
  const lock = {
    lockfileVersion: 3,
    requires: true,
    packages: { "": { dependencies: { "thaw-missing": "1.0.0" } }, "node_modules/thaw-missing": missing },
  };
  write("package.json", { name: "thaw", private: true, dependencies: { "thaw-missing": "1.0.0" } });
  write("package-lock.json", lock);
  write(".npmrc", "omit-lockfile-registry-resolved=true\nfetch-retries=0\n");
  mkdirSync(join(root, "setup"));
  copyFileSync(join(repository, "setup", "requirements.txt"), join(root, "setup", "requirements.txt"));
  mkdirSync(join(root, "bin"));
  const minor = /^version = (\d+\.\d+)/m.exec(readFileSync(join(repository, ".venv", "pyvenv.cfg"), "utf8"))?.[1];
  const reached = steps.indexOf(done);
  const contents = createHash("sha256").update(
    JSON.stringify(Object.entries(lock.packages).map(([path, entry]) => [path, path && Object.values(entry)])),
  );
  if (reached >= 1) write("node_modules/.thaw-packages.json", { contents: contents.digest("hex"), packages: 1 });
  if (reached >= 2) {
    write(".venv/pyvenv.cfg", `home = ${dirname(pythonPath())}\nversion = ${minor}.0\n`);
    write(".venv/bin/activate", `VIRTUAL_ENV=${join(root, ".venv")}\n`);
    symlinkSync(pythonPath(), join(root, ".venv", "bin", "python"));
    const packages = join("lib", `python${minor}`, "site-packages");
    mkdirSync(join(root, ".venv", packages), { recursive: true });
    symlinkSync(join(repository, ".venv", packages, "pip"), join(root, ".venv", packages, "pip"));
    write(".venv/package.json", { type: "commonjs" });
    const list = withoutHashes(readFileSync(join(root, "setup", "requirements.txt"), "utf8"));
    write(".venv/.thaw-packages.json", { list: createHash("sha256").update(list).digest("hex"), packages: 1 });
  }
  if (reached >= 3) {
    write(".venv/.thaw-tensorflow.json", { requirement: tensorflowRequirement() });
    write(`.venv/lib/python${minor}/site-packages/tensorflow/include/tensorflow/c/eager/c_api.h`, "");
    write("node_modules/@tensorflow/tfjs-node-gpu/package.json", { version: "4.22.0" });
  }
  return { root, bin: join(root, "bin") };
}

/** Puts a shell script of this name on the clone's own PATH folder. */
export function addProgram({ bin }: ScratchClone, name: string, script: string): void {
  writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, name), 0o755);
}

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program of setup/ on the clone. `path` replaces PATH; without it the clone's folder comes before the machine's. */
export function runSetup(
  clone: ScratchClone,
  program: string,
  args: readonly string[] = [],
  { path, env = {} }: { path?: string; env?: Record<string, string> } = {},
): Outcome {
  const PATH = path ?? [clone.bin, process.env.PATH].join(delimiter);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(repository, "setup", program), `--root=${clone.root}`, ...args],
    { encoding: "utf8", env: { HOME: clone.root, PATH, ...env } },
  );
  return { code: status, stdout, stderr };
}

/** The Python that the set-up of this repository was made with. */
export function pythonPath(): string {
  return realpathSync(join(repository, ".venv", "bin", "python"));
}

/** What this repository's own set-up has chosen for this machine. */
function tensorflowRequirement(): string {
  const marker = JSON.parse(readFileSync(join(repository, ".venv", ".thaw-tensorflow.json"), "utf8")) as {
    requirement: string;
  };
  return marker.requirement;
}
