/** Where packages are looked for, one place after the other. */
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { basename, delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * Folders to look from as a file in them would: the importer's own, those of NODE_PATH, where this kernel is installed, and
 * where `npm install --global` puts packages.
 */
export function* placesFrom(folder: string): Generator<string> {
  yield folder;
  for (const path of (process.env.NODE_PATH ?? "").split(delimiter)) {
    if (basename(path) === "node_modules") yield dirname(path);
  }
  yield dirname(fileURLToPath(import.meta.url));
  const below = process.platform === "win32" ? "." : "lib";
  for (const prefix of prefixes()) if (prefix !== undefined) yield join(prefix, below);
}

/** npm's `prefix` in the order in which npm looks for it. npm itself takes half a second to say it. */
function prefixes(): (string | undefined)[] {
  const { npm_config_prefix, NPM_CONFIG_PREFIX, APPDATA } = process.env;
  const usual = process.platform === "win32" ? [APPDATA && join(APPDATA, "npm")] : ["/usr/local"];
  return [npm_config_prefix ?? NPM_CONFIG_PREFIX, prefixOfUser(), join(dirname(process.execPath), ".."), ...usual];
}

/** `prefix=~/.npm-global` in the user's .npmrc. */
function prefixOfUser(): string | undefined {
  const path = process.env.npm_config_userconfig ?? join(homedir(), ".npmrc");
  const prefix = existsSync(path) ? /^\s*prefix\s*=\s*(.+?)\s*$/m.exec(readFileSync(path, "utf8"))?.[1] : undefined;
  return prefix?.replace(/^(~|\$\{HOME\})(?=[\\/])/, homedir());
}
