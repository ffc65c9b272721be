/** Opens the weights in a model's folder, whichever of the four forms of Hugging Face they have. */
import { ThawError } from "../errors.ts";
import { isIndex, weightFiles } from "../hub/modelFolder.ts";
import { join, readdirSync, readFile, statSync } from "../platform/files.ts";
import { foreignFormat, mergeAdapter } from "./foreignFormat.ts";
import { readSafetensors } from "./safetensors/read.ts";
import { readTorchFile } from "./torch/read.ts";
import { openShardedWeights, type WeightsFile } from "./weightsFile.ts";

/**
 * Opens `model.safetensors`, else its shards, else `pytorch_model.bin`, else its shards: the order of `from_pretrained`.
 * Errors: `MISSING_FILE`, `WRONG_FORMAT` (the content is that of another format), `BAD_SAFETENSORS`, `BAD_PICKLE`, `BAD_INDEX`.
 */
export async function openWeights(folder: string): Promise<WeightsFile> {
  const file = weightsIn(folder);
  if (file === undefined) throw noWeights(folder);
  const path = join(folder, file);
  const open = file.startsWith("model.") ? openSafetensors : openTorch;
  return isIndex(file) ? openShardedWeights(path, open) : open(path);
}

async function openSafetensors(path: string): Promise<WeightsFile> {
  try {
    return await readSafetensors(path);
  } catch (error) {
    throw refused(path, "safetensors", error);
  }
}

async function openTorch(path: string): Promise<WeightsFile> {
  try {
    return readTorchFile(path);
  } catch (error) {
    throw refused(path, "torch", error);
  }
}

/**
 * Makes the error for a file that its reader has refused: what it is instead, or the reader's own error where that is
 * not known.
 */
function refused(path: string, reader: "safetensors" | "torch", cause: unknown): unknown {
  const found = foreignFormat(path);
  if (found === undefined || found.reader === reader) return cause;
  return new ThawError("WRONG_FORMAT", `${path} is ${found.what}. ${found.advice(path)}`, { cause });
}

/**
 * A folder of PEFT holds changes to the weights of another model. Throws `WRONG_FORMAT` where it holds nothing else; where
 * it has weights as well, a warning says that these are read alone (Python would read both, if peft is installed).
 */
export async function refuseAdapter(folder: string): Promise<void> {
  const file = join(folder, "adapter_config.json");
  const source = await readFile(file, "utf8").catch(() => undefined);
  if (source === undefined) return;
  if (weightsIn(folder) !== undefined) {
    console.warn(`${file} is left out: the weights of ${folder} are read without the adapter that it describes.`);
    return;
  }
  const facts = { base: baseOf(source), numLabels: await adapterLabels(folder) };
  throw new ThawError(
    "WRONG_FORMAT",
    `${folder} holds a PEFT adapter (such as LoRA): changes to the weights of another model, and no model. ${mergeAdapter(folder, facts)}`,
  );
}

function baseOf(source: string): string | undefined {
  try {
    const { base_model_name_or_path: base } = JSON.parse(source) as Record<string, unknown>;
    return typeof base === "string" && base !== "" ? base : undefined;
  } catch {
    return undefined;
  }
}

/** Outputs of the head that was trained with the adapter: Python has to be told of them. */
async function adapterLabels(folder: string): Promise<number | undefined> {
  const file = await readSafetensors(join(folder, "adapter_model.safetensors")).catch(() => undefined);
  const head = file?.names.find(
    (name) => /(^|\.)(classifier|score|logits_proj)\b.*\.weight$/.test(name) && !/lora_|dense/.test(name),
  );
  return head === undefined ? undefined : file?.shape(head)[0];
}

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;

const weightsIn = (folder: string): string | undefined => weightFiles.find((name) => isFile(join(folder, name)));

function noWeights(folder: string): ThawError {
  const others = readdirSync(folder)
    .filter((name) => !/\.(json|txt|md|model)$/.test(name) && isFile(join(folder, name)))
    .flatMap((name) => {
      const format = foreignFormat(join(folder, name), { byName: true });
      return format === undefined ? [] : [{ ...format, path: join(folder, name), name }];
    });
  const found = others.slice(0, 3).map(({ name, what }) => `${name} (${what})`);
  const [first] = others;
  const last =
    first === undefined
      ? "Save the model in Python with save_pretrained(folder), or download its model.safetensors."
      : `It has ${found.join(", ")}, which is not read. ${first.advice(first.path)}`;
  return new ThawError("MISSING_FILE", `There are no weights in ${folder}: none of ${weightFiles.join(", ")}. ${last}`);
}
