/** Lists the steps of the set-up, in order. */
import { build, command, kernelspec } from "./steps/build.mjs";
import { fusedOperations, nativeOutput } from "./steps/native.mjs";
import { node } from "./steps/node.mjs";
import { clonePackages, projectPackages } from "./steps/packages.mjs";
import { environment, pythonPackages } from "./steps/python.mjs";
import { data, model } from "./steps/samples.mjs";
import { addon, tensorflow } from "./steps/tensorflow.mjs";

/** @import { Context, Step } from "./context.mjs" */

/** @type {readonly Step[]} */
const ofClone = [
  ...[node, clonePackages, environment, pythonPackages, tensorflow, addon, fusedOperations, nativeOutput],
  ...[model, data, build, command, kernelspec],
];

/**
 * A project needs fewer steps: what npm has installed is built already, and Jupyter is the person's own, to which
 * `thaw install` makes the kernel known.
 * @type {readonly Step[]}
 */
const ofProject = [
  ...[node, projectPackages, environment, tensorflow, addon, fusedOperations, nativeOutput],
  ...[model, data],
];

/** What checks and tools of a clone need, which only read its sources. @type {readonly Step[]} */
export const toolSteps = [node, clonePackages];

/** Those that install the npm packages. @type {readonly Step[]} */
export const packagesSteps = [clonePackages, projectPackages];

/** Those whose result lies in node_modules, where it goes with the packages. @type {readonly Step[]} */
export const stepsAmongPackages = [addon, fusedOperations];

/** Model and data to begin with: nothing else needs them. @type {readonly Step[]} */
export const samples = [model, data];

/**
 * Returns the steps of a clone or of a project; with `engineOnly` without the samples.
 * @param {Pick<Context, "installed">} context
 * @param {{ engineOnly?: boolean }} [options]
 */
export function stepsFor({ installed }, { engineOnly = false } = {}) {
  const steps = installed ? ofProject : ofClone;
  return engineOnly ? steps.filter((step) => !samples.includes(step)) : steps;
}
