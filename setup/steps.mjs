/** The steps of the set-up, in order. Each has `name`, `bytes` (disk it needs), `check(context)` (fast) and `run(context)`. */
import * as addon from "./steps/addon.mjs";
import * as build from "./steps/build.mjs";
import * as command from "./steps/command.mjs";
import * as data from "./steps/data.mjs";
import * as environment from "./steps/environment.mjs";
import * as kernelspec from "./steps/kernelspec.mjs";
import * as model from "./steps/model.mjs";
import * as native from "./steps/native.mjs";
import * as node from "./steps/node.mjs";
import * as packages from "./steps/packages.mjs";
import * as projectPackages from "./steps/projectPackages.mjs";
import * as pythonPackages from "./steps/pythonPackages.mjs";
import * as stdio from "./steps/stdio.mjs";
import * as tensorflow from "./steps/tensorflow.mjs";

const ofClone = [
  ...[node, packages, environment, pythonPackages, tensorflow, addon, native, stdio],
  ...[model, data, build, command, kernelspec],
];
/** What npm has installed is built; its Jupyter is the person's own, to which `thaw install` makes the kernel known. */
const ofProject = [node, projectPackages, environment, tensorflow, addon, native, stdio, model, data];

/** Model and data to begin with: nothing else needs them. */
export const samples = [model, data];

/** The steps where this context is; with `engineOnly` without the samples. */
export function stepsFor({ installed }, { engineOnly = false } = {}) {
  const steps = installed ? ofProject : ofClone;
  return engineOnly ? steps.filter((step) => !samples.includes(step)) : steps;
}
