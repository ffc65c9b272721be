/** Thaw and the kernels beside it: found, or installed outside the project's own packages, at pinned versions. */
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { kernelspec } from "../../kernel/install/kernelspec.ts";
import type { Kernel } from "./kernelProcess.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url)); // from dist/bench/kernel/
const place = join(root, ".thaw", "bench", "kernel");
const pinned = { deno: "2.9.6", tslab: "1.0.22", ipykernel: "7.4.0" };
const environment = { ...process.env, IPYTHONDIR: join(place, "ipython"), DENO_DIR: join(place, "deno") };

/** Finds the kernels that can be measured here (of `wanted` if given; Thaw first), and says why others cannot. */
export function findKernels(wanted?: readonly string[]): { kernels: Kernel[]; missing: string[] } {
  mkdirSync(place, { recursive: true });
  const kernels: Kernel[] = [];
  const missing: string[] = [];
  for (const [name, find] of Object.entries({ Thaw: thaw, Deno: deno, ipykernel, tslab })) {
    if (wanted?.includes(name) === false) continue;
    try {
      kernels.push(find());
    } catch (error) {
      const reason = error instanceof Error ? error.message.trim().split("\n").at(-1) : String(error);
      missing.push(`${name} is left out, it could not be installed into .thaw/bench/kernel: ${reason}`);
    }
  }
  return { kernels, missing };
}

/** Describes the kernel that only echoes, by which the client's own cost is measured. */
export function echo(): Kernel {
  const program = fileURLToPath(new URL("./echoKernel.js", import.meta.url));
  return { ...thaw(), name: "echo", argv: [process.execPath, program, "{connection_file}"] };
}

function thaw(): Kernel {
  const { argv, interrupt_mode } = kernelspec("Thaw") as { argv: string[]; interrupt_mode: Kernel["interruptMode"] };
  const { version } = manifest(root);
  const env = { ...environment, THAW_OUTPUT_LIMIT: "0" }; // the others have no limit to the text of a cell either
  const kernel = { interruptMode: interrupt_mode, language: "typescript", cwd: root, env } as const;
  return { ...kernel, name: "Thaw", version: `${version}, Node ${process.versions.node}`, argv };
}

/** The npm package brings its program in a package per platform, so no install script has to run. */
function deno(): Kernel {
  const folder = npmPackage("deno", pinned.deno);
  const platforms = join(folder, "..", "@deno");
  const program = readdirSync(platforms)
    .map((platform) => join(platforms, platform, process.platform === "win32" ? "deno.exe" : "deno"))
    .find((path) => existsSync(path));
  if (program === undefined) throw new Error(`npm brought no program for ${process.platform}-${process.arch}`);
  chmodSync(program, 0o755);
  const argv = [program, "jupyter", "--kernel", "--conn", "{connection_file}"];
  const env = { ...environment, DENO_NO_UPDATE_CHECK: "1" };
  // its kernelspec names no interrupt mode, for which the protocol says: by signal
  return { name: "Deno", version: pinned.deno, argv, interruptMode: "signal", language: "typescript", cwd: root, env };
}

function tslab(): Kernel {
  const program = join(npmPackage("tslab", pinned.tslab), "bin", "tslab");
  const argv = [process.execPath, program, "kernel", "--config-path", "{connection_file}"];
  const kernel = { interruptMode: "signal", language: "typescript", cwd: root, env: environment } as const;
  return { ...kernel, name: "tslab", version: pinned.tslab, argv };
}

function ipykernel(): Kernel {
  const environments = [join(root, ".venv"), join(place, "venv")];
  const has = (folder: string): string | undefined => {
    const python = join(folder, "bin", "python");
    if (!existsSync(python)) return undefined;
    const code = "import ipykernel; print(ipykernel.__version__)";
    try {
      return execFileSync(python, ["-c", code], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
    } catch {
      return undefined;
    }
  };
  let folder = environments.find((candidate) => has(candidate)?.startsWith("7."));
  if (folder === undefined) {
    folder = join(place, "venv");
    quietly("python3", ["-m", "venv", folder]);
    quietly(join(folder, "bin", "python"), ["-m", "pip", "install", "--quiet", `ipykernel==${pinned.ipykernel}`]);
  }
  const argv = [join(folder, "bin", "python"), "-m", "ipykernel_launcher", "-f", "{connection_file}"];
  const kernel = { interruptMode: "signal", language: "python", cwd: root, env: environment } as const;
  return { ...kernel, name: "ipykernel", version: has(folder) ?? "", argv };
}

/** Finds the folder of a package at exactly this version, among the project's own, or installs it elsewhere. */
function npmPackage(name: string, version: string): string {
  const folders = [root, place].map((folder) => join(folder, "node_modules", name));
  const found = (): string | undefined =>
    folders.find((folder) => existsSync(join(folder, "package.json")) && manifest(folder).version === version);
  if (found() === undefined) {
    quietly("npm", ["install", "--prefix", place, "--ignore-scripts", "--no-save", `${name}@${version}`]);
  }
  const folder = found();
  if (folder === undefined) throw new Error(`npm did not bring ${name} ${version}`);
  return folder;
}

function manifest(folder: string): { version: string } {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string };
}

function quietly(program: string, args: readonly string[]): void {
  execFileSync(program, args, { cwd: root, stdio: ["ignore", "ignore", "pipe"], timeout: 300_000 });
}
