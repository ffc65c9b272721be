/** Checks that an installed package has one of the versions that a cell asks for, as in `npm:lodash@4`. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { CodedError } from "../../../shared/codedError.ts";
import { type NpmSpecifier, placesFrom } from "../../shared/modules.ts";
import { kernelPackage } from "../realm/cellRealm.ts";

/** The error of an import whose package is installed and cannot be used. */
export class PackageError extends CodedError {
  override readonly name = "PackageError";
}

/** Returns the package of a specifier: `lodash/fp` -> `lodash`. */
export function packageOf(specifier: string): string {
  const parts = specifier.split("/");
  return parts.slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
}

/**
 * Refuses a package whose installed version is not among the requested ones. A request without versions (`latest`) is
 * not checked.
 */
export function refuseOtherVersion({ specifier, range }: NpmSpecifier, folder: string): void {
  if (range === undefined) return;
  const { satisfies, validRange } = kernelPackage<typeof import("semver")>("semver");
  if (validRange(range) === null) return;
  const name = packageOf(specifier);
  const file = manifestOf(name, folder);
  const { version } = file === undefined ? {} : (JSON.parse(readFileSync(file, "utf8")) as { version?: unknown });
  if (typeof version !== "string" || satisfies(version, range, { includePrerelease: true })) return;
  throw new PackageError(
    "OTHER_VERSION",
    `This asks for ${name}@${range}, and ${name} ${version} is installed (${dirname(String(file))}). ` +
      `To install what it asks for: %npm install ${name}@${range}`,
  );
}

function manifestOf(name: string, folder: string): string | undefined {
  for (const place of placesFrom(folder)) {
    for (let above = place; ; above = dirname(above)) {
      const file = join(above, "node_modules", name, "package.json");
      if (existsSync(file)) return file;
      if (above === dirname(above)) break;
    }
  }
  return undefined;
}
