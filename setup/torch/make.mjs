/** `node setup/torch/make.mjs FOLDER LIST`: an environment with PyTorch, where it is missing; says on stderr how far it is. */
import { contextFrom, runMain } from "../setUp.mjs";
import { torchPython } from "./environment.mjs";

await runMain(async () => {
  const [folder, list] = process.argv.slice(2);
  await torchPython({ context: contextFrom([]), folder, list });
});
