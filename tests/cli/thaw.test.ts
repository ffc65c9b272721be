/** The compiled command, as a person calls it. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { packageRoot } from "../../cli/packageRoot.ts";
import { ensureBuilt } from "../built.ts";

await ensureBuilt();
const root = join(import.meta.dirname, "..", "..");

function thaw(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [join(root, "dist", "cli", "thaw.js"), ...args], {
    encoding: "utf8",
    cwd: tmpdir(),
  });
}

test("--version is the package's", () => {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  expect(thaw("--version").stdout).toBe(`${version}\n`);
});

test("doctor works from any folder and passes its code on", () => {
  const { stdout, status } = thaw("doctor", "--json");
  const report = JSON.parse(stdout) as { ok: boolean; checks: { name: string }[] };
  expect(report.checks[0]?.name).toBe("Node.js");
  expect(status).toBe(report.ok ? 0 : 1);
});

test("install puts the kernel into an environment's folder, under the names that were given", () => {
  const prefix = mkdtempSync(join(tmpdir(), "thaw-prefix-"));
  onTestFinished(() => rmSync(prefix, { recursive: true, force: true }));
  const { status, stdout, stderr } = thaw(
    "install",
    "--prefix",
    prefix,
    "--name",
    "thaw-2",
    "--display-name",
    "Second",
  );
  const folder = join(prefix, "share", "jupyter", "kernels", "thaw-2");
  expect(status, stderr).toBe(0);
  expect(stdout).toBe(`The kernel is in ${folder}\n`);
  expect(JSON.parse(readFileSync(join(folder, "kernel.json"), "utf8"))).toMatchObject({ display_name: "Second" });
});

test("uninstall takes away what install made, once, and says so", () => {
  const prefix = mkdtempSync(join(tmpdir(), "thaw-prefix-"));
  onTestFinished(() => rmSync(prefix, { recursive: true, force: true }));
  const folder = join(prefix, "share", "jupyter", "kernels", "thaw");
  thaw("install", "--prefix", prefix);
  expect(existsSync(folder)).toBe(true);
  expect(thaw("uninstall", "--prefix", prefix)).toMatchObject({ status: 0, stdout: `Removed ${folder}\n` });
  expect(existsSync(folder)).toBe(false);
  const again = thaw("uninstall", "--prefix", prefix);
  expect(again.status).toBe(1);
  expect(again.stderr).toMatch(`error: There is no kernel ${folder}. \`thaw status\` shows`);
});

test("install refuses two places in one sentence", () => {
  const { status, stderr } = thaw("install", "--user", "--prefix", "x");
  expect(status).toBe(1);
  expect(stderr).toBe("error: Give one of --user, --sys-prefix and --prefix, got more: each names another place.\n");
});

test("an unknown command is refused by name", () => {
  const { status, stderr } = thaw("fly");
  expect(status).toBe(1);
  expect(stderr).toContain("unknown command 'fly'");
});

test("the package's folder is found from its sources and from dist, and not from elsewhere", () => {
  expect(packageRoot(join(root, "cli"))).toBe(root);
  expect(packageRoot(join(root, "dist", "cli"))).toBe(root);
  expect(() => packageRoot(tmpdir())).toThrow('No package.json of "thaw" was found');
});
