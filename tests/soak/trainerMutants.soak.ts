/**
 * The faults that hand-written fine-tuning has, put into the trainer one at a time: a test that is named here notices each. The
 * changed library is a copy; the same test passes in a copy without the change.
 */
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../temporary.ts";

const root = join(import.meta.dirname, "../..");

/** A change of one place in the library, and the test that notices it. */
interface Mutant {
  readonly fault: string;
  readonly file: string;
  readonly from: string;
  readonly to: string;
  readonly tests: string;
  readonly name: string;
}

const mutants: readonly Mutant[] = [
  {
    fault: "all parameters share Adam's step count",
    file: "src/optim/adamW.ts",
    from: "step: state.step + 1,",
    to: "step: Math.max(...updates.map((each) => each.state.step)) + 1,",
    tests: "tests/train/loop.test.ts",
    name: "a layer thawed in stage 2 takes its first step of Adam there, while the head goes on with its own",
  },
  {
    fault: "weight decay moves frozen weights",
    file: "src/train/step.ts",
    from: "    changing();\n",
    to:
      "    changing();\n    for (const { name, variable } of model.parameters.values()) {\n" +
      "      if (!learningRates.has(name)) variable.assign(variable.data().map((x) => x * (1 - 1e-3 * weightDecay)));\n    }\n",
    tests: "tests/train/trainer.test.ts",
    name: "classifier only: what is frozen keeps every byte under weight decay, what trains moves",
  },
  {
    fault: "the optimizer is not rebuilt: thawed layers never reach it",
    file: "src/train/epoch.ts",
    from: "const rates = new Map([...stage.learningRates].map(",
    to: "const rates = new Map([...stage.learningRates].filter(([name]) => state.plan.stages[0]?.trainable.has(name)).map(",
    tests: "tests/train/loop.test.ts",
    name: "a layer thawed in stage 2 takes its first step of Adam there, while the head goes on with its own",
  },
  {
    fault: "the outputs of the frozen layers are stored with dropout on",
    file: "src/models/sequenceClassifier.ts",
    from: "const pass = this.#pass(batch, { precision });",
    to:
      "const masks = { next: () => [1, 7], shared: () => masks, copy: () => masks } as never as DropoutRng;\n" +
      "const pass = this.#pass(batch, { precision, dropoutRng: masks });",
    tests: "tests/cache/prefixCache.test.ts",
    name: "the stored outputs have no dropout, whatever the rates of the config: logits from them are those from the tokens",
  },
  {
    fault: "a saved file is not brought to the disk",
    file: "src/platform/atomicFile.ts",
    from: '    await operations.sync(file);\n  } finally {\n    await operations.close(file);\n  }\n  return { bytes, sha256: hash.digest("hex") };\n}\n\n/**\n * Reads a file',
    to: '  } finally {\n    await operations.close(file);\n  }\n  return { bytes, sha256: hash.digest("hex") };\n}\n\n/**\n * Reads a file',
    tests: "tests/platform/saveFolder.test.ts",
    name: "all is on the disk before the save counts, and what comes before config.json before it",
  },
  {
    fault: "the counter of the dropout masks is not saved",
    file: "src/train/loop.ts",
    from: "{ ...before.progress }",
    to: "{ ...before.progress, microBatch: 0 }",
    tests: "tests/train/resume.test.ts",
    name: "a run that was stopped once goes on to the same end",
  },
  {
    fault: "the position in the data is not saved",
    file: "src/train/loop.ts",
    from: "{ ...before.progress }",
    to: "{ ...before.progress, step: 0 }",
    tests: "tests/train/resume.test.ts",
    name: "a run that was stopped once goes on to the same end",
  },
  {
    fault: "the moments of the optimizer are not restored",
    file: "src/train/restore.ts",
    from: "return new AdamW(options, new Map(states));",
    to: "return new AdamW(options);",
    tests: "tests/train/resume.test.ts",
    name: "a run that was stopped once goes on to the same end",
  },
  {
    fault: "the best weights of a run that goes on are those at its checkpoint",
    file: "src/train/restore.ts",
    from: "copies.set(new Map(file?.names.map((name) => [name, file.read(name)])));",
    to: "copies.keep();",
    tests: "tests/train/resume.test.ts",
    name: "a run that was stopped once goes on to the same end",
  },
];

/** Makes a copy of the library and its tests, with one place changed. */
function copyWith(change?: Mutant): string {
  const folder = temporaryFolder();
  for (const name of readdirSync(root)) {
    if (["node_modules", ".thaw", ".venv", "build"].includes(name)) symlinkSync(join(root, name), join(folder, name));
    else if (!["dist", ".git", "notebooks"].includes(name))
      cpSync(join(root, name), join(folder, name), { recursive: true });
  }
  mkdirSync(join(folder, "notebooks"), { recursive: true });
  if (change !== undefined) {
    const path = join(folder, change.file);
    const source = readFileSync(path, "utf8");
    expect(source.split(change.from), `${change.file} has "${change.from}" once`).toHaveLength(2);
    writeFileSync(
      path,
      source.replace(change.from, () => change.to),
    );
  }
  return folder;
}

/** Runs a test; returns whether it passed, and what was printed. */
function passes(folder: string, { tests, name }: Mutant): { readonly ok: boolean; readonly output: string } {
  const args = ["run", "--project", "tensorflow", tests, "-t", name];
  const vitest = join(folder, "node_modules", "vitest", "vitest.mjs");
  const { status, stdout, stderr } = spawnSync(process.execPath, [vitest, ...args], { cwd: folder, encoding: "utf8" });
  const output = stdout + stderr;
  expect(output, "the test ran").toMatch(/Tests .*\d+ (passed|failed)/);
  return { ok: status === 0, output };
}

test.each(mutants)("$fault: noticed", (mutant) => {
  const whole = passes(copyWith(), mutant);
  expect(whole.ok, whole.output).toBe(true);
  expect(passes(copyWith(mutant), mutant).ok).toBe(false);
  console.log(`mutant "${mutant.fault}": noticed by ${mutant.tests}, "${mutant.name}"`);
});
