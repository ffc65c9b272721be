/** npm packages, found and loaded as the modules of this library find them. */
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(import.meta.url);

/** The path of a package's entry file, or of a file in a package. Throws Node's error where it is not installed. */
export const resolvePackage = (name: string): string => require.resolve(name);

/** The same as the address that `import()` takes. */
export const packageUrl = (name: string): string => pathToFileURL(resolvePackage(name)).href;

/**
 * Loads a package of CommonJS, or an addon by its path, at once. `beside`: another package, whose own copy is meant. Throws
 * Node's error where it is not installed or does not load.
 */
export function loadPackage<Exports>(name: string, { beside }: { readonly beside?: string } = {}): Exports {
  return (beside === undefined ? require(name) : createRequire(resolvePackage(beside))(name)) as Exports;
}
