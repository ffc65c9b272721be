/**
 * Pins of Python packages, each with the SHA-256 of the files that the index has of it, so that pip takes no other file:
 * requirements.txt is what the notebooks need, fetched.txt what steps of the set-up fetch by themselves. `npm run pin`
 * makes both.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The lines of a list without the hashes: what is installed, whatever is known of its files. */
export function withoutHashes(list) {
  return list.replace(/ \\\n(?: +--hash=\S+(?: \\)?\n)+/g, "\n");
}

/** The version that a list pins a package to, as in `setuptools==80.9.0`; `undefined` when it has none. */
export function pinOf(list, name) {
  return withoutHashes(list)
    .split("\n")
    .find((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}==`))
    ?.split(" ")[0];
}

/** Writes a list with one requirement and its hashes, for `pip --require-hashes -r`, and returns its path. */
export function hashedList(context, requirement) {
  const lists = [
    join(dirname(fileURLToPath(import.meta.url)), "fetched.txt"),
    join(context.root, "setup", "requirements.txt"),
  ];
  const text = lists.map((path) => readFileSync(path, "utf8")).join("\n");
  const escaped = requirement.toLowerCase().replace(/[.[\]]/g, "\\$&");
  const [pin] = new RegExp(`^${escaped}[^\\n]*\\\\\\n(?: +--hash=\\S+(?: \\\\)?\\n)+`, "im").exec(text) ?? [];
  if (pin === undefined)
    throw new Error(`No list has hashes for ${requirement}: add it to setup/fetched.in and run npm run pin.`);
  mkdirSync(context.paths.temporary, { recursive: true });
  const path = join(context.paths.temporary, `${requirement.replace(/\W+/g, "-")}.txt`);
  writeFileSync(path, pin);
  return path;
}
