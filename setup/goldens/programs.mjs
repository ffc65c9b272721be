/** The programs that make goldens, in their order, and how one is run. */
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { lastLines, runProgram } from "../child.mjs";
import { SetupProblem } from "../problem.mjs";

/** Others read what these make. */
const first = ["bert_tiny", "bert_gradients", "tokenizers"];

/** Names of all programs `make_<name>.py` of a folder, those first that others read from. */
export function programsIn(folder) {
  const names = readdirSync(folder).flatMap((file) => /^make_(\w+)\.py$/.exec(file)?.[1] ?? []);
  return [...first, ...names.filter((name) => !first.includes(name)).sort()];
}

/** What programs run with: the Python, where the programs lie, where they write, and the real model. */
const environment = ({ folder, model }) => ({
  THAW_GOLDENS: folder,
  THAW_MODEL: model,
  HF_HUB_OFFLINE: "1", // everything is here: nothing is to be asked for
});

/** @throws {SetupProblem} `GOLDEN_FAILED` with the last lines of the program */
export async function runGolden(name, place) {
  const { context, python, programs, folder } = place;
  const program = join(programs, `make_${name}.py`);
  const { code, output } = await runProgram(python, [program], { context, cwd: folder, env: environment(place) });
  if (code === 0) return;
  throw new SetupProblem({
    code: "GOLDEN_FAILED",
    title: `make_${name}.py did not get to its end.`,
    looked: "code 0",
    found: `code ${code}\n${lastLines(output)}`,
    todo: `Run it alone: npm run goldens -- ${name}`,
  });
}

/** The tensors of a file of weights, read by PyTorch, as plain values. */
export const tensorsOf = ({ context, python, programs }, path) =>
  JSON.parse(
    execFileSync(python, [join(programs, "tensors_of.py"), path], { env: context.env, maxBuffer: 2 ** 30 }).toString(),
  );
