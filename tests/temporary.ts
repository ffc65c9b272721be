/**
 * Before each test file (`setupFiles`): it gets a folder for temporary files of its own, in which the processes that it
 * starts make theirs as well, and it fails when something is left there at its end.
 */
import { chmodSync, mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

/** A process that was told to end may take this long to remove what it has made, in milliseconds. */
const patienceMs = 5000;

const outer = process.env.TMPDIR;
const folder = realpathSync(mkdtempSync(join(tmpdir(), "thaw-test-")));
chmodSync(folder, 0o1777); // as the one around it: some tests start processes of another user
process.env.TMPDIR = folder;
process.env.TORCHINDUCTOR_CACHE_DIR = join(folder, "removed-at-end-torch"); // PyTorch makes one and leaves it there

/** A new folder that is removed when the test file ends. */
export function temporaryFolder(): string {
  return mkdtempSync(join(folder, removedAtEnd));
}
const removedAtEnd = "removed-at-end-";

// Registered before all others, so that it runs after them.
afterAll(async () => {
  const left = () => readdirSync(folder).filter((name) => !name.startsWith(removedAtEnd));
  const end = performance.now() + patienceMs;
  while (left().length > 0 && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 50));
  const names = left();
  rmSync(folder, { recursive: true, force: true });
  if (outer === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = outer;
  if (names.length > 0) {
    throw new Error(
      `The tests of this file, or a process that they have started, left ${names.join(", ")} in the folder for temporary ` +
        "files. Remove what a test makes, or make it with temporaryFolder() of tests/temporary.ts.",
    );
  }
});
