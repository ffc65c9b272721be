/**
 * The versions of Node.js that the package runs on: package.json's `engines` in words. They are checked before anything
 * else of the package is loaded, so nothing is imported here, and what is written here runs on any Node.js that knows
 * modules.
 */

/** Returns the sentence that says which Node.js is needed; undefined for a version that will do. */
export function nodeRefusal(version: string = process.versions.node): string | undefined {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19)) return undefined;
  return (
    `Thaw needs Node.js 20.19 or a later 20, or 22.12 to 26, and this is Node.js ${version} (${process.execPath}): ` +
    "install one of those, put it first on PATH, and try again."
  );
}
