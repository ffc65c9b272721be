/** Finds the folder with a model's files, from what a person calls the model. */
import { currentHost } from "../../shared/host.ts";
import { ThawError } from "../errors.ts";
import { expandHome, join, resolve, statSync } from "../platform/files.ts";
import { cachedSnapshot, cacheRoot } from "./cache.ts";
import { isOffline } from "./environment.ts";
import { missingFiles } from "./modelFolder.ts";
import { thawFolders } from "./thawFolder.ts";

/** Options of finding a model. */
export interface ResolveOptions {
  /** Branch, tag or commit on the hub. Default: `"main"`. */
  readonly revision?: string;
  /** Whether the network is never asked. Default: true if HF_HUB_OFFLINE is set, else false. */
  readonly localFilesOnly?: boolean;
}

/**
 * Finds the folder of a model. Looked for, in this order: a folder of this name; `.thaw/models/<id>` of the clone (or
 * of THAW_HOME); Python's Hugging Face cache; the hub. The Stop button of a notebook ends a download. Errors:
 * `MODEL_NOT_FOUND`, `BAD_REVISION`.
 */
export async function resolveModel(
  idOrFolder: string,
  { revision = "main", localFilesOnly = isOffline() }: ResolveOptions = {},
): Promise<string> {
  const folder = resolve(expandHome(idOrFolder));
  if (idOrFolder !== "" && isFolder(folder)) return folder;
  if (!isModelId(idOrFolder)) {
    throw notFound(
      idOrFolder,
      [`the folder ${folder}: it does not exist`],
      "Check the path, or give an id such as org/name.",
    );
  }
  checkRevision(revision);
  const looked = [`the folder ${folder}: it does not exist`];
  if (revision === "main") {
    for (const thaw of thawFolders()) {
      const model = join(thaw, "models", idOrFolder);
      if (isFolder(model)) return model;
      looked.push(`${model}: it does not exist`);
    }
  }
  const snapshot = cachedSnapshot(idOrFolder, revision);
  const missing = snapshot === undefined ? [] : missingFiles(snapshot);
  if (snapshot !== undefined && (missing.length === 0 || localFilesOnly)) return snapshot;
  looked.push(
    `the Hugging Face cache ${cacheRoot()}: ${snapshot === undefined ? "not in it" : `${snapshot} has no ${missing.join(", ")}`}`,
  );
  if (localFilesOnly) {
    looked.push("the hub: not asked, because localFilesOnly or HF_HUB_OFFLINE is set");
    throw notFound(
      idOrFolder,
      looked,
      "Run npm start (or npx thaw setup) for the default model, or allow the network.",
    );
  }
  const signal = currentHost()?.signal;
  try {
    const { downloadModel } = await import("./download.ts"); // its library takes a twentieth of a second to load
    return await downloadModel(idOrFolder, revision, signal);
  } catch (cause) {
    signal?.throwIfAborted();
    looked.push(`the hub, revision ${revision}: ${reasonOf(cause)}`);
    throw notFound(
      idOrFolder,
      looked,
      "Check the id and the network, or download the files and give their folder.",
      cause,
    );
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false; // not there, or no possible name: too long, a NUL byte
  }
}

/** Says the reason of an error: "fetch failed" says nothing, the errors that it wraps do. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${reasonOf(error.cause)})` : error.message;
}

function notFound(id: string, looked: readonly string[], advice: string, cause?: unknown): ThawError {
  const places = looked.map((place) => `\n  - ${place}`).join("");
  return new ThawError("MODEL_NOT_FOUND", `Found no model ${JSON.stringify(id)}. Looked in:${places}\n${advice}`, {
    cause,
  });
}

const part = /^[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?$/;

/**
 * Tells whether a text is a model id by the rules of Python's `huggingface_hub` (utils/_validators.py), such as
 * `bert-base-uncased` or `sentence-transformers/all-MiniLM-L6-v2`: nothing that could lead out of a cache folder.
 */
function isModelId(text: string): boolean {
  const parts = text.split("/");
  return text.length <= 96 && parts.length <= 2 && parts.every((name) => part.test(name)) && !/\.\.|--/.test(text);
}

/** Throws `BAD_REVISION` for what is no branch, tag or commit. */
function checkRevision(revision: string): void {
  const parts = revision.split("/");
  if (revision.length <= 250 && parts.every((name) => part.test(name)) && !revision.includes("..")) return;
  throw new ThawError(
    "BAD_REVISION",
    `${JSON.stringify(revision)} is no revision. Give a branch, a tag or a commit such as "main".`,
  );
}
