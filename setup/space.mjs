/** Room on the disk, asked for before anything is fetched. */
// As a whole: a named import that an old Node.js lacks would end it before the version is looked at.
import fs from "node:fs";
import { SetupProblem } from "./problem.mjs";

/** Bytes that may still be written to the disk of a folder. */
export function freeBytesAt(folder) {
  const { bavail, bsize } = fs.statfsSync(folder);
  return bavail * bsize;
}

/** Bytes as gigabytes with one decimal. */
export const gigabytes = (bytes) => `${(bytes / 1e9).toFixed(1)} GB`;

/** @throws {SetupProblem} `NO_SPACE` when the open steps need more room than there is */
export function checkSpace({ home, freeBytes = freeBytesAt }, openSteps) {
  const needed = openSteps.reduce((sum, { bytes }) => sum + bytes, 0);
  const free = freeBytes(home);
  if (free >= needed) return;
  throw new SetupProblem({
    code: "NO_SPACE",
    title: "Not enough room on the disk.",
    looked: `${gigabytes(needed)} for ${openSteps
      .filter(({ bytes }) => bytes > 0)
      .map(({ name }) => name)
      .join(", ")}`,
    found: `${gigabytes(free)} free on the disk of ${home}`,
    todo: "Free some room, or use another disk, and run the command again.",
  });
}
