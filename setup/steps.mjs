/** Every step of the set-up, in order. Each has `name`, `bytes` (disk it needs), `check(context)` (fast) and `run(context)`. */
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
import * as pythonPackages from "./steps/pythonPackages.mjs";
import * as tensorflow from "./steps/tensorflow.mjs";

export const steps = [
  node,
  packages,
  environment,
  pythonPackages,
  tensorflow,
  addon,
  native,
  model,
  data,
  build,
  command,
  kernelspec,
];
