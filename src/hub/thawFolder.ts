/** The ignored folder `.thaw/` of a clone, where set-up keeps the model and the data. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** Where `.thaw` may be, first choice first: THAW_HOME, or beside any parent of the working folder or of this file. */
export function thawFolders(): string[] {
  const home = process.env.THAW_HOME;
  if (home !== undefined && home !== "") return [home];
  const parents = [...parentsOf(process.cwd()), ...parentsOf(import.meta.dirname)];
  return [...new Set(parents.map((parent) => join(parent, ".thaw")))].filter(existsSync);
}

function parentsOf(folder: string): string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...parentsOf(parent)];
}
