/** The executed notebook: never half a file, never over what somebody has changed, told of before anything runs. */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Notebook, notebookText, readNotebook } from "../../../cli/run/notebook.ts";
import { NotebookFile } from "../../../cli/run/notebookFile.ts";
import { ownedName } from "../../../src/platform/owner.ts";
import { sleep } from "../../kernel/client.ts";
import { type Fault, withFaults } from "../../platform/faults.ts";
import { notebookOf, start, thawRun, write } from "./notebooks.ts";

let folder: string;
let path: string;
let said: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "thaw-notebook-"));
  path = join(folder, "in.ipynb");
  said = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (place = path) => NotebookFile.open(place, (text) => said.push(text));
const [first, second] = [notebookOf(["1"]), notebookOf(["2", "3"])];
const sources = (place: string) => readNotebook(place).cells.map(({ source }: Notebook["cells"][number]) => source);

test.each<Fault>(["gone", "short", "ENOSPC", "EIO"])(
  "whatever call fails, the user's notebook is whole: %s",
  async (fault) => {
    const setUp = async () => {
      for (const name of readdirSync(folder)) rmSync(join(folder, name));
      writeFileSync(path, notebookText(first), { mode: 0o640 });
      return await open();
    };
    const file = await setUp();
    const { calls } = await withFaults(() => file.write(second));
    for (let at = 0; at < calls.length; at++) {
      const file = await setUp();
      const { error } = await withFaults(
        () => file.write(second),
        ({ index }) => (index === at ? fault : undefined),
      );
      const where = `${fault} at ${calls[at]?.name}: ${error}`;
      expect([["1"], ["2", "3"]], where).toContainEqual(sources(path));
      if (error === undefined) expect(sources(path), where).toEqual(["2", "3"]);
      await (await open()).write(second);
      expect([readdirSync(folder), sources(path)], where).toEqual([["in.ipynb"], ["2", "3"]]);
      expect(statSync(path).mode & 0o777, where).toBe(0o640);
    }
  },
);

test("a link to a notebook stays one, and the file behind it is written", async () => {
  mkdirSync(join(folder, "shared"));
  writeFileSync(join(folder, "shared", "real.ipynb"), notebookText(first));
  symlinkSync("shared/real.ipynb", path);
  await (await open()).write(second);
  expect(lstatSync(path).isSymbolicLink()).toBe(true);
  expect(sources(join(folder, "shared", "real.ipynb"))).toEqual(["2", "3"]);
  expect(readdirSync(join(folder, "shared"))).toEqual(["real.ipynb"]);
});

test.each<[string, () => void]>([
  ["edited", () => writeFileSync(path, notebookText(notebookOf(["edited"])))],
  [
    "replaced by another file",
    () => {
      writeFileSync(`${path}.new`, notebookText(notebookOf(["edited"])));
      renameSync(`${path}.new`, path);
    },
  ],
])("a notebook that the user changes while it runs keeps his change: %s", async (_, change) => {
  writeFileSync(path, notebookText(first));
  const file = await open();
  await file.write(second);
  expect(said).toEqual([]);
  change();
  await file.write(second);
  await file.write(second);
  expect(sources(path)).toEqual(["edited"]);
  expect(sources(join(folder, "in.executed.ipynb"))).toEqual(["2", "3"]);
  expect(said).toEqual([
    expect.stringMatching(/in\.ipynb was changed by something else .* goes to .*in\.executed\.ipynb\.\n$/),
  ]);
  expect(file.path).toBe(join(folder, "in.executed.ipynb"));
  const next = await open();
  change();
  await next.write(second);
  expect(readdirSync(folder)).toEqual(["in.executed-2.ipynb", "in.executed.ipynb", "in.ipynb"]);
});

test("a notebook that was taken away while it ran is written", async () => {
  writeFileSync(path, notebookText(first));
  const file = await open();
  rmSync(path);
  await file.write(second);
  expect([sources(path), said]).toEqual([["2", "3"], []]);
});

test.each<[string, () => string, RegExp]>([
  ["a folder", () => folder, /is no file/],
  ["below a file", () => join(path, "x.ipynb"), /is a file, and a folder is needed there/],
  [
    "a link to nothing",
    () => {
      symlinkSync("nowhere.ipynb", join(folder, "dangling.ipynb"));
      return join(folder, "dangling.ipynb");
    },
    /is a link that leads nowhere/,
  ],
])("a place that cannot be written to is told before anything runs: %s", async (_, place, message) => {
  writeFileSync(path, notebookText(notebookOf(["require('fs').writeFileSync('ran', '')"])));
  const output = place();
  const { code, stderr } = await thawRun(path, "-o", output);
  expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
  expect(stderr).toMatch(
    /The executed notebook cannot be written: .*[^.]\. Name another file with -o\. Nothing was run\./,
  );
  expect(existsSync(join(folder, "ran"))).toBe(false);
  await expect(open(output)).rejects.toMatchObject({ code: "BAD_OUTPUT" });
});

test("the folder that is looked at is the one that is written to: ~/ is no other name for the home folder here", async () => {
  const [home, was] = [process.env.HOME, process.cwd()];
  process.env.HOME = join(folder, "no", "such", "home");
  writeFileSync(join(folder, "~"), "a file where the folder would be made");
  process.chdir(folder);
  try {
    await expect(open("~/x.ipynb")).rejects.toMatchObject({ code: "BAD_OUTPUT" });
  } finally {
    process.chdir(was);
    if (home === undefined) delete process.env.HOME;
    else process.env.HOME = home;
  }
});

test("a run that is killed leaves the notebook whole, and the next one leaves nothing of it", async () => {
  const source = "await new Promise((resolve) => setTimeout(resolve, 150))";
  const input = write(folder, notebookOf(Array.from({ length: 40 }, () => source)));
  const { child, ended } = start([input, "--inplace"]);
  let log = "";
  child.stderr?.on("data", (text) => {
    log += String(text);
  });
  while (!log.includes("cell 10 of 40")) await sleep(5);
  child.kill("SIGKILL");
  await ended;
  expect(sources(input).length).toBe(40);
  // What a run leaves that is killed while it writes, and what is left of its kernel's connection.
  const left = join(folder, ownedName(".thaw-file-").replace(/file-\d+/, "file-9999999999"));
  writeFileSync(left, "half a noteb");
  const connection = join(tmpdir(), ownedName("thaw-run-").replace(/run-\d+/, "run-9999999999"));
  mkdirSync(connection);
  expect((await thawRun(write(folder, notebookOf(["1"])), "--inplace")).code).toBe(0);
  expect([readdirSync(folder), existsSync(connection)]).toEqual([["in.ipynb"], false]);
});
