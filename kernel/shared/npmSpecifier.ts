/** Packages as notebooks written for Deno name them, `npm:lodash@4/fp`: here that is the installed package, if it is that version. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { CodedError } from "../../shared/codedError.ts";
import { kernelPackage } from "../cells/realm/cellRealm.ts";
import { placesFrom } from "./places.ts";

/** A specifier as Node knows it, and the versions of its package that were asked for, if any were. */
export interface NpmSpecifier {
  readonly specifier: string;
  readonly range?: string;
}

/** What is wrong with an installed package. */
export class PackageError extends CodedError {
  override readonly name = "PackageError";
}

export function npmSpecifier(written: string): NpmSpecifier {
  if (written.startsWith("jsr:")) {
    const message = `Cannot import '${written}': packages come from npm here. Many of JSR are there too: see https://jsr.io/docs/npm-compatibility.`;
    throw Object.assign(new Error(message), { code: "ERR_UNSUPPORTED_REGISTRY" });
  }
  const [, name, range, rest] = /^npm:\/?(@[^/]+\/[^/@]+|[^/@]+)(?:@([^/]*))?(\/.*)?$/.exec(written) ?? [];
  if (name === undefined) return { specifier: written };
  const specifier = `${name}${rest ?? ""}`;
  return range === undefined || range === "" ? { specifier } : { specifier, range };
}

/** `lodash/fp` -> `lodash` */
export function packageOf(specifier: string): string {
  const parts = specifier.split("/");
  return parts.slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
}

/** Refuses a package whose installed version is none of those asked for. What says no versions (`latest`) is not checked. */
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
