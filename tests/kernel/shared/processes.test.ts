import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { parentPid } from "../../../kernel/shared/processes.ts";

const gone = spawnSync("true").pid;

test.each<[ppid: number, named: string | undefined, expected: number, why: string]>([
  [77, undefined, 77, "nobody is named"],
  [1, undefined, 1, "nobody is named: a container's first process may well be the parent"],
  [1, "1", 1, "Jupyter is that first process"],
  [1, String(process.pid), 1, "Jupyter lives, and has started the kernel through another process"],
  [77, String(gone), 77, "a parent is there"],
  [1, String(gone), gone, "Jupyter has died before the kernel looked"],
])("with parent %i and JPY_PARENT_PID %s the kernel waits for the end of %i: %s", (ppid, named, expected) => {
  expect(parentPid(ppid, named)).toBe(expected);
});
