/** From what a person calls a model to the folder its files are in. */
import { statSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { currentHost } from "../../shared/host.ts";
import { ThawError } from "../errors.ts";
import { cachedSnapshot, cacheRoot } from "./cache.ts";
import { missingFiles } from "./missingFiles.ts";
import { checkRevision, isModelId } from "./modelId.ts";
import { isOffline } from "./server.ts";
import { thawFolders } from "./thawFolder.ts";

export interface ResolveOptions {
  /** Branch, tag or commit on the hub. Default: `"main"`. */
  readonly revision?: string;
  /** Never go to the network. Default: true if HF_HUB_OFFLINE is set, else false. */
  readonly localFilesOnly?: boolean;
}

/**
 * The folder of a model. Looked for, in this order: a folder of this name; `.thaw/models/<id>` of the clone (or of
 * THAW_HOME); Python's Hugging Face cache; the hub. The Stop button of a notebook ends a download. Errors: `MODEL_NOT_FOUND`, `BAD_REVISION`.
 */
export async function resolveModel(
  idOrFolder: string,
  { revision = "main", localFilesOnly = isOffline() }: ResolveOptions = {},
): Promise<string> {
  const folder = resolve(idOrFolder.replace(/^~(?=\/)/, homedir()));
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

/** "fetch failed" says nothing; the errors that it wraps do. */
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
