/** `thaw status` in a home of its own. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { formatStatus, type Status } from "../../cli/status.ts";
import { ensureBuilt } from "../built.ts";

await ensureBuilt();
const root = join(import.meta.dirname, "..", "..");
let home = "";
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "thaw-status-"));
});
afterEach(() => rmSync(home, { recursive: true }));

function thaw(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const env = { HOME: home, PATH: join(home, "bin"), JUPYTER_PATH: join(home, "extra") };
  const program = join(root, "dist", "cli", "thaw.js");
  return spawnSync(process.execPath, [program, ...args], { encoding: "utf8", cwd: home, env });
}
const lines = (text: string): string[] => text.split("\n").filter((line) => line.includes(home));

test("a kernel is seen after install --user and not after uninstall", () => {
  expect(lines(thaw("status").stdout)).toEqual([]);
  expect(thaw("install", "--user").status).toBe(0);
  const { status, stdout } = thaw("status");
  expect(status, stdout).toBe(0);
  expect(lines(stdout)).toEqual([
    expect.stringMatching(/^ok {2}kernel thaw +\S+kernels\/thaw: TypeScript \(Thaw\), \d+\.\d+\.\d+, \S*node/),
  ]);
  thaw("uninstall");
  expect(lines(thaw("status").stdout)).toEqual([]);
});

test("a broken kernel says what is gone and what to do", () => {
  const folder = join(home, "extra/kernels/old");
  mkdirSync(folder, { recursive: true });
  const argv = [process.execPath, join(home, "gone/dist/kernel/main.js")];
  writeFileSync(join(folder, "kernel.json"), JSON.stringify({ argv, language: "typescript" }));
  const report = JSON.parse(thaw("status", "--json").stdout) as Status;
  expect(report.kernels.find(({ name }) => name === "old")).toMatchObject({
    works: false,
    detail: `its kernel ${argv[1]} is gone; install it again`,
  });
  expect(lines(thaw("status").stdout)).toEqual([expect.stringMatching(/^-- {2}kernel old +/)]);
});

test("without a kernel that can start it says how to get one", () => {
  const engine = { ok: false, detail: "not set up" };
  expect(formatStatus({ ok: false, kernels: [], engine })).toBe(
    "--  engine  not set up\n\nJupyter knows no kernel of Thaw that can start. `npx thaw install` makes it known.\n",
  );
});
