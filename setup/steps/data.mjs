/** The rated texts that the notebooks learn from, out of a source archive on PyPI, verified file by file. */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { answerOf, runProgram } from "../child.mjs";
import { isUntouched, placeFolder, readJson, stampOf, verify, writeWhole } from "../files.mjs";
import { data } from "../lists.mjs";
import { fetchProblem } from "../network.mjs";
import { hashedList, pinOf } from "../pins.mjs";

export const name = "rated texts";
export const bytes = 5e7;

const markerOf = ({ paths }) => join(paths.markers, "data.json");

export function check({ paths }) {
  const done = isUntouched(paths.data, data.files, readJson(markerOf({ paths })));
  return { done, detail: done ? paths.data : existsSync(paths.data) ? "not verified" : "not fetched" };
}

export async function run(context) {
  const place = context.paths.data;
  const right = await verify(place, data.files, "the folder").then(
    () => true,
    () => false,
  );
  if (!right) await fetchData(context, place);
  writeWhole(markerOf(context), `${JSON.stringify(stampOf(place, data.files))}\n`);
}

async function fetchData(context, place) {
  mkdirSync(context.paths.temporary, { recursive: true });
  const work = mkdtempSync(join(context.paths.temporary, "data-"));
  try {
    // A source archive makes pip run its setup.py for the metadata; setuptools of the environment does that without a further download.
    await ensureSetuptools(context);
    // So the archive is checked before anything in it runs.
    const args = [
      "-m",
      "pip",
      "download",
      "--no-deps",
      "--no-binary=:all:",
      "--no-build-isolation",
      "--require-hashes",
    ];
    const { code, output } = await runProgram(
      context.paths.python,
      [...args, "--dest", work, "-r", hashedList(context, data.requirement)],
      { context },
    );
    if (code !== 0) throw fetchProblem("pip", `the rated texts (${data.requirement})`, output);
    const [archive] = readdirSync(work).filter((file) => file.endsWith(".tar.gz"));
    await untar(context, join(work, archive), work);
    const source = join(work, archive.replace(/\.tar\.gz$/, ""));
    await untar(context, join(source, data.archiveInPackage), work);
    const finished = join(work, data.folderInArchive);
    copyFileSync(join(source, "LICENSE.txt"), join(finished, "LICENSE.txt"));
    await verify(finished, data.files, data.requirement);
    const wanted = new Set(data.files.map(({ path }) => path));
    for (const file of readdirSync(finished)) if (!wanted.has(file)) rmSync(join(finished, file));
    placeFolder(finished, place);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** In a clone it comes with JupyterLab; a new environment has one that is too old for pip, or from Python 3.12 on none. */
async function ensureSetuptools(context) {
  const { python } = context.paths;
  const list = readFileSync(join(context.root, "setup", "requirements.txt"), "utf8");
  const requirement = pinOf(list, "setuptools");
  const found = answerOf(python, ["-c", "import setuptools; print(setuptools.__version__)"], context);
  if (requirement === `setuptools==${found}`) return;
  const args = [
    "-m",
    "pip",
    "install",
    "--only-binary=:all:",
    "--require-hashes",
    "-r",
    hashedList(context, requirement),
  ];
  const { code, output } = await runProgram(python, args, { context });
  if (code !== 0) throw fetchProblem("pip", requirement, output);
}

async function untar(context, archive, folder) {
  const { code, output } = await runProgram(context.paths.python, ["-m", "tarfile", "-e", archive, folder], {
    context,
  });
  if (code !== 0) throw fetchProblem("pip", `a whole archive of ${data.requirement}`, output);
}
