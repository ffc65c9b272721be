/**
 * Tests of kernels and of the command start what `npm run build` has put into dist/. They never run against a stale build:
 * `ensureBuilt` asks the set-up whether dist/ is what the sources make, and builds once where it is not.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const repository = join(import.meta.dirname, "..");
/** The compiler would leave a cache in the temporary folder, in which a test may leave nothing. */
const noCache = { ...process.env, NODE_DISABLE_COMPILE_CACHE: "1" };

// The set-up is plain JavaScript, whose types its own compiler run checks.
const { staleness: stalenessOf } = (await import(new URL("../setup/steps/build.mjs", import.meta.url).href)) as {
  readonly staleness: (root: string) => string | undefined;
};
const { withLock } = (await import(new URL("../setup/lock.mjs", import.meta.url).href)) as {
  readonly withLock: (path: string, waits: () => void, work: () => Promise<void>) => Promise<void>;
};

/** Says in which way dist/ differs from what a build would make of the sources, or returns undefined. */
export const staleness = (root = repository): string | undefined => stalenessOf(root);

/** Builds if dist/ is stale. Of processes that ask at once one builds, and the others wait. Throws where the build fails. */
export async function ensureBuilt(root = repository): Promise<void> {
  if (staleness(root) === undefined) return;
  await withLock(
    join(root, "build", "tests.lock"),
    () => {},
    async () => {
      const reason = staleness(root);
      if (reason === undefined) return; // another process has built meanwhile
      process.stderr.write(`dist/ is stale (${reason}): building.\n`);
      const options = { cwd: root, encoding: "utf8", env: noCache } as const;
      const { status, stdout, stderr } = spawnSync("npm", ["run", "-s", "build"], options);
      const left = status === 0 ? staleness(root) : `\n${stdout}${stderr}`.trimEnd();
      if (left !== undefined)
        throw new Error(`dist/ is stale (${reason}), and \`npm run build\` does not mend it: ${left}`);
    },
  );
}
