/** What the files of a model may ask for and never get: code to be run, files from elsewhere. */

/** For transformers: classes in Python files of the folder or of another model, and the permission to import them. */
const codeKeys = ["auto_map", "custom_pipelines", "custom_generate", "trust_remote_code"] as const;

/** Keys whose value leads out of the folder are meant, not the plain names that `save_pretrained` writes. */
const pathKeys = ["tokenizer_file", "vocab_file", "merges_file"] as const;

/** Warns of what a config file asks for. Nothing reads these keys; the warning says so. */
export function warnOfIgnoredKeys(file: string, json: Readonly<Record<string, unknown>>): void {
  const code = codeKeys.filter((key) => asks(json[key])).map((key) => `"${key}"`);
  if (code.length > 0) {
    console.warn(
      `${file} asks for code of its own (${code.join(", ")}), which is ignored: no code from a model's folder is ever run. ` +
        "The model is computed as its model_type says, which may not be what its authors meant.",
    );
  }
  const paths = pathKeys.filter((key) => typeof json[key] === "string" && /[/\\]/.test(json[key]));
  if (paths.length > 0) {
    const named = paths.map((key) => `"${key}" ${JSON.stringify(json[key])}`);
    console.warn(`${file} names ${named.join(", ")}, which is ignored: a tokenizer is read from its own folder only.`);
  }
}

/** The same without what asks for code: a saved model does not hand it on. */
export function withoutCode(json: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(json).filter(([key]) => !codeKeys.some((code) => code === key)));
}

const asks = (value: unknown): boolean =>
  typeof value === "object" && value !== null ? Object.keys(value).length > 0 : Boolean(value);
