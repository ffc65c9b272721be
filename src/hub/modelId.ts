/** Model ids and revisions, by the rules of Python's `huggingface_hub` (`utils/_validators.py`). */
import { ThawError } from "../errors.ts";

const part = /^[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?$/;

/** `bert-base-uncased` or `sentence-transformers/all-MiniLM-L6-v2`: nothing that could lead out of a cache folder. */
export function isModelId(text: string): boolean {
  const parts = text.split("/");
  return text.length <= 96 && parts.length <= 2 && parts.every((name) => part.test(name)) && !/\.\.|--/.test(text);
}

/** Throws `BAD_REVISION` for what is no branch, tag or commit. */
export function checkRevision(revision: string): void {
  const parts = revision.split("/");
  if (revision.length <= 250 && parts.every((name) => part.test(name)) && !revision.includes("..")) return;
  throw new ThawError(
    "BAD_REVISION",
    `${JSON.stringify(revision)} is no revision. Give a branch, a tag or a commit such as "main".`,
  );
}
