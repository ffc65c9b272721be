/**
 * `npm run pin`: writes what is known of every package's files into the lists that are installed from. Of Python packages
 * the hashes, at the versions that the lists have already (`-- --upgrade` takes newer ones); of npm packages the integrity
 * of those for other systems, which npm leaves out when it writes package-lock.json beside an installed node_modules.
 */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram, lastLines, runProgram } from "./child.mjs";
import { readJson, writeWhole } from "./files.mjs";
import { fetchProblem } from "./problem.mjs";
import { contextFrom, runMain } from "./program.mjs";

/** @import { Context } from "./context.mjs" */
/** @typedef {{ version: string, integrity?: string }} LockEntry */

const uvVersion = "0.13.9";
const heads = {
  "requirements.txt":
    "# Made by uv from requirements.in, see there. TensorFlow is installed by its own step, without its Python dependencies.\n",
  "fetched.txt": "# Made by uv from fetched.in, see there.\n",
};

/**
 * Runs a program of pip or npm that must succeed.
 * @param {"pip" | "npm"} tool
 * @param {string} program
 * @param {readonly string[]} args
 * @param {Parameters<typeof runProgram>[2]} options
 */
async function need(tool, program, args, options) {
  const { code, output } = await runProgram(program, args, options);
  if (code !== 0) throw fetchProblem(tool, `what the lists pin (${lastLines(output, 1)})`, output);
}

/**
 * Returns the path of uv, which every version has in an environment of its own.
 * @param {Context} context
 */
async function makeUv(context) {
  const folder = join(context.paths.thaw, `pin-${uvVersion}`);
  const uv = join(folder, "bin", "uv");
  if (existsSync(uv)) return uv;
  await need("pip", context.paths.python, ["-m", "venv", folder], { context });
  await need("pip", join(folder, "bin", "python"), ["-m", "pip", "install", `uv==${uvVersion}`], { context });
  return uv;
}

/**
 * Puts hashes behind the pins of a list; uv keeps the pins unless it is told to upgrade.
 * @param {Context} context
 * @param {string} uv
 * @param {"requirements" | "fetched"} name
 * @param {readonly string[]} more
 */
async function pinPython(context, uv, name, more) {
  const [source, list] = [join(context.root, "setup", `${name}.in`), join(context.root, "setup", `${name}.txt`)];
  const args = ["pip", "compile", "--universal", "--python-version", "3.10", "--generate-hashes"];
  const quiet = ["--no-annotate", "--no-header", "--quiet"];
  const env = { UV_PYTHON_DOWNLOADS: "never" };
  await need("pip", uv, [...args, ...quiet, ...more, "-o", list, source], { context, env });
  writeFileSync(list, heads[`${name}.txt`] + readFileSync(list, "utf8"));
}

/**
 * Asks npm for the entries anew that lack an integrity, in a folder without node_modules, and takes over what is new.
 * @param {Context} context
 */
async function pinNpm(context) {
  const path = join(context.root, "package-lock.json");
  /** @type {{ packages: Record<string, LockEntry> }} */
  const lock = readJson(path);
  const lacking = Object.entries(lock.packages).filter(([key, entry]) => key !== "" && entry.integrity === undefined);
  if (lacking.length === 0) return 0;
  mkdirSync(context.paths.temporary, { recursive: true });
  const work = mkdtempSync(join(context.paths.temporary, "pin-"));
  try {
    for (const file of ["package.json", ".npmrc"]) copyFileSync(join(context.root, file), join(work, file));
    const known = Object.entries(lock.packages).filter((entry) => !lacking.some(([key]) => key === entry[0]));
    writeFileSync(join(work, "package-lock.json"), JSON.stringify({ ...lock, packages: Object.fromEntries(known) }));
    const npm = findProgram("npm", context.env) ?? "npm";
    await need("npm", npm, ["install", "--package-lock-only", "--ignore-scripts"], { context, cwd: work });
    /** @type {{ packages: Record<string, LockEntry> }} */
    const { packages } = readJson(join(work, "package-lock.json"));
    for (const [key, entry] of lacking) {
      const fresh = packages[key];
      if (fresh?.version !== entry.version) throw new Error(`npm has another version of ${key} now.`);
      // What stands there already stays: npm forgets for which C library a package is.
      lock.packages[key] = inOrder(fresh, entry);
    }
    writeWhole(path, `${JSON.stringify(lock, null, 2)}\n`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return lacking.length;
}

/**
 * Returns the entry as npm orders it, with what only the old one has behind it.
 * @param {LockEntry} fresh
 * @param {LockEntry} old
 */
function inOrder(fresh, old) {
  return { ...fresh, ...Object.fromEntries(Object.entries(old).filter(([key]) => !(key in fresh))) };
}

await runMain(async () => {
  const context = contextFrom(process.argv.slice(2));
  const upgrade = process.argv.includes("--upgrade") ? ["--upgrade"] : [];
  const uv = await makeUv(context);
  await pinPython(context, uv, "requirements", upgrade);
  await pinPython(context, uv, "fetched", ["--no-deps"]);
  const added = await pinNpm(context);
  process.stdout.write(
    `Pinned: setup/requirements.txt, setup/fetched.txt, package-lock.json (${added} entries completed).\n`,
  );
});
