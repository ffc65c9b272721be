/** The Python environment with PyTorch and transformers: `.thaw/bench/training/venv`, made where it is not there yet. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CodedError } from "../../shared/codedError.ts";

/** Of the project, from dist/bench/training/. */
export const root = fileURLToPath(new URL("../../../", import.meta.url));

/** The environment's Python. Standard error gets how far it is, and what went wrong. Errors: `NO_ENVIRONMENT`. */
export function torchPython(): string {
  const folder = join(root, ".thaw", "bench", "training", "venv");
  const list = join(root, "bench", "training", "requirements.txt");
  // Standard output is for the figures.
  const { status } = spawnSync(process.execPath, [join(root, "setup", "torch.mjs"), folder, list], {
    stdio: ["ignore", 2, 2],
  });
  if (status === 0) return join(folder, "bin", "python");
  throw new CodedError(
    "NO_ENVIRONMENT",
    "There is no Python with PyTorch and transformers to compare with: what is missing stands above.",
  );
}
