/** Environments, and the token that is to be found in each. `@` stands for a folder that `makeHome` has filled. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export function makeHome(folder: string): void {
  writeFileSync(join(folder, "token"), "from-home\n");
  writeFileSync(join(folder, "other"), "from-path");
  mkdirSync(join(folder, "huggingface"));
  writeFileSync(join(folder, "huggingface/token"), "from-xdg");
}

export const tokenSettings: readonly (readonly [string, Readonly<Record<string, string>>, string | undefined])[] = [
  ["HF_TOKEN first", { HF_TOKEN: "hf_a", HUGGING_FACE_HUB_TOKEN: "b", HF_TOKEN_PATH: "@/other" }, "hf_a"],
  ["its older name second", { HF_TOKEN: "", HUGGING_FACE_HUB_TOKEN: "b", HF_TOKEN_PATH: "@/other" }, "b"],
  ["HF_TOKEN_PATH third", { HF_TOKEN_PATH: "@/other", HF_HOME: "@" }, "from-path"],
  [
    "HF_TOKEN_PATH with variables in it",
    { HF_TOKEN_PATH: `$HF_HOME/\${NAME}`, HF_HOME: "@", NAME: "other" },
    "from-path",
  ],
  ["HF_TOKEN_PATH with a tilde", { HF_TOKEN_PATH: "~/other" }, "from-path"],
  ["the file under HF_HOME last", { HF_HOME: "@" }, "from-home"],
  ["or under XDG_CACHE_HOME", { XDG_CACHE_HOME: "@" }, "from-xdg"],
  ["blank variables count as not set", { HF_TOKEN: " \n", HF_HOME: "@" }, "from-home"],
  ["line ends are not part of it", { HF_TOKEN: "\r\n a-b.c \n" }, "a-b.c"],
  ["no file, no token", { HF_HOME: "@/none" }, undefined],
  ["none where it is not to be sent", { HF_HUB_DISABLE_IMPLICIT_TOKEN: "yes", HF_TOKEN: "a" }, undefined],
];

/** What a setting adds to the environment: no file is found but those that it names. */
export function inHome(setting: Readonly<Record<string, string>>, folder: string): Record<string, string> {
  const env = { HOME: "@", XDG_CACHE_HOME: "@/none", ...setting };
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value.replace("@", folder)]));
}
