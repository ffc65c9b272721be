/** The access token for the hub, found where Python's `huggingface_hub` finds it (utils/_auth.py, `get_token`). */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expandPath, hubHome, isTrue } from "./environment.ts";

/**
 * HF_TOKEN, else HUGGING_FACE_HUB_TOKEN, else the file that `hf auth login` leaves (HF_TOKEN_PATH, by default `token`
 * under HF_HOME); none with HF_HUB_DISABLE_IMPLICIT_TOKEN. Private hubs have tokens of any form. Throws an Error, which
 * never holds the token, where a file cannot be read or no header can carry what was found.
 */
export function hubToken(env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (isTrue(env.HF_HUB_DISABLE_IMPLICIT_TOKEN)) return undefined;
  const name = env.HF_TOKEN ? "HF_TOKEN" : "HUGGING_FACE_HUB_TOKEN";
  const file = env.HF_TOKEN_PATH ? expandPath(env.HF_TOKEN_PATH, env) : join(hubHome(env), "token");
  return clean(env[name] ?? "", name) ?? clean(textOf(file), file);
}

function clean(text: string, source: string): string | undefined {
  const token = text.replace(/[\r\n]/g, "").trim();
  if (!/^[\x20-\x7e]*$/.test(token)) throw new Error(`the access token in ${source} has characters that no token has`);
  return token || undefined;
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return ""; // nobody has logged in
    throw new Error(`the file ${file} with the access token cannot be read (${code})`, { cause });
  }
}
