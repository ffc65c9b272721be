import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ensureBuilt, staleness } from "./built.ts";
import { temporaryFolder } from "./temporary.ts";

const repository = join(import.meta.dirname, "..");
/** Stands where the real one is: it writes the file that is written last, and counts. */
const bundle = `import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
mkdirSync("dist/kernel", { recursive: true });
writeFileSync("dist/kernel/host.cjs", "");
appendFileSync("builds.txt", "built\\n");
`;

/** A project of five sources with this one's compiler options and build command. */
function project() {
  const root = temporaryFolder();
  const { scripts } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8"));
  writeFileSync(join(root, "package.json"), JSON.stringify({ type: "module", scripts: { build: scripts.build } }));
  for (const file of ["tsconfig.json", "tsconfig.build.json", "package-lock.json"]) {
    copyFileSync(join(repository, file), join(root, file));
  }
  symlinkSync(join(repository, "node_modules"), join(root, "node_modules"));
  for (const folder of ["shared", "src", "kernel", "cli", "bench", "setup"]) mkdirSync(join(root, folder));
  for (const folder of ["shared", "src", "kernel", "cli", "bench"]) {
    writeFileSync(join(root, folder, "file.ts"), `export const name = "${folder}";\n`);
  }
  writeFileSync(join(root, "setup/bundle.mjs"), bundle);
  const builds = () => readFileSync(join(root, "builds.txt"), "utf8").split("\n").length - 1;
  return { root, builds, write: (path: string, text: string) => writeFileSync(join(root, path), text) };
}

test("what is not built, was changed or added is built once, by whoever asks first; what is fresh is left alone", async () => {
  const { root, builds, write } = project();
  expect(staleness(root)).toBe("it is not built");
  await Promise.all([ensureBuilt(root), ensureBuilt(root)]);
  expect([staleness(root), builds()]).toEqual([undefined, 1]);

  write("kernel/file.ts", "export const name = 'another';\n");
  expect(staleness(root)).toBe("kernel/file.ts is changed");
  write("src/more.ts", "export {};\n");
  mkdirSync(join(root, "build"), { recursive: true });
  write("build/tests.lock", String(spawnSync("true").pid)); // left by a process that was killed
  await Promise.all([ensureBuilt(root), ensureBuilt(root)]);
  expect([staleness(root), builds()]).toEqual([undefined, 2]);
  expect(readFileSync(join(root, "dist/kernel/file.js"), "utf8")).toContain("another");

  rmSync(join(root, "src/more.ts"));
  expect(staleness(root)).toBe("src/more.ts is gone");
  await ensureBuilt(root);
  expect([staleness(root), builds()]).toEqual([undefined, 3]);

  utimesSync(join(root, "cli/file.ts"), new Date(), new Date()); // the same text at another time
  await ensureBuilt(root);
  expect(builds()).toBe(3);

  utimesSync(join(root, "setup/bundle.mjs"), new Date(), new Date(Date.now() + 1));
  expect(staleness(root)).toBe("setup/bundle.mjs is newer than the kernel's files");
});

test("sources that do not compile fail the tests that need them, with the command to run", async () => {
  const { root, write } = project();
  await ensureBuilt(root);
  write("kernel/file.ts", "export const name: number = 'text';\n");
  await expect(ensureBuilt(root)).rejects.toThrow(/kernel\/file\.ts is changed.*`npm run build`[\s\S]*TS2322/);
  await expect(ensureBuilt(root)).rejects.toThrow("`npm run build`"); // what did not compile is not taken for built
});

test("the look at this build takes less than 0.3 s", () => {
  const times = [0, 1, 2].map(() => {
    const started = performance.now();
    staleness();
    return performance.now() - started;
  });
  console.log(`build: the look whether it is stale takes ${times.map((ms) => ms.toFixed(0)).join(", ")} ms`);
  expect(Math.min(...times)).toBeLessThan(300);
});
