/** Finds and loads npm packages and addons, as the modules of this library would. */
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(import.meta.url);

/**
 * Finds the path of a package's entry file, or of a file in a package. Throws Node's error where it is not installed.
 */
export const resolvePackage = (name: string): string => require.resolve(name);

/**
 * Finds a package's entry file and gives its address, as `import()` takes it. Throws Node's error where it is not
 * installed.
 */
export const packageUrl = (name: string): string => pathToFileURL(resolvePackage(name)).href;

/**
 * Loads a CommonJS package, or an addon by its path, at once. `beside`: a file of another package, whose own copy is
 * meant. Throws Node's error where it is not installed or does not load.
 */
export function loadPackage<Exports>(name: string, { beside }: { readonly beside?: string } = {}): Exports {
  return (beside === undefined ? require(name) : createRequire(resolvePackage(beside))(name)) as Exports;
}
