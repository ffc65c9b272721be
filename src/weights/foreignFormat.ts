/**
 * Identifies the format of a weights file that cannot be read here, and tells how Python converts it to
 * model.safetensors.
 */
import { basename, closeSync, dirname, fstatSync, join, openSync, readAt } from "../platform/files.ts";

export interface ForeignFormat {
  /** The end of a sentence that begins with "it is". */
  readonly what: string;
  /** Returns advice on how to get readable weights: a sentence, and sometimes a Python program. */
  readonly advice: (path: string) => string;
  /** The reader of such files, where there is one. */
  readonly reader?: "safetensors" | "torch";
}

interface Signature extends ForeignFormat {
  /**
   * Tells whether a file is of this format. `start`: its first 2 KB, one character per byte; `end`: its last eight
   * bytes.
   */
  readonly matches: (start: string, end: string) => boolean;
  /** Usual names of such a file, for where its content says nothing. */
  readonly names?: RegExp;
}

const renameTo = (file: string) => () => `Call it ${file}.`;
const original = () => "Take the model that it was made from, or the same one, as model.safetensors.";
const renamed = () => "Called pytorch_model.bin, its state dict is read, as data.";
const unpack = () => "Unpack it.";
const download = () => "Download the file again.";
const fromTensorFlow = (path: string) => convertFrom("tf2", path);
const fromFlax = (path: string) => convertFrom("flax", path);
const begins = (bytes: string) => (start: string) => start.startsWith(bytes);

/** The formats that are known here; the first that matches counts. */
const signatures: readonly Signature[] = [
  {
    what: "an HDF5 file, as TensorFlow and Keras write",
    advice: fromTensorFlow,
    // a block of another kind may stand before it, of these sizes (HDF5 File Format Specification, II.A)
    matches: (start) => [0, 512, 1024, 2048].some((at) => start.startsWith("\x89HDF\r\n\x1a\n", at)),
    names: /\.(h5|hdf5|keras)$/,
  },
  {
    what: "a checkpoint of TensorFlow",
    advice: original,
    matches: (_, end) => end === "\x57\xfb\x80\x8b\x24\x75\x47\xdb", // its index is a table of LevelDB
    names: /\.ckpt\b|\.data-\d+-of-\d+$|^saved_model\.pb$/,
  },
  {
    what: "a safetensors file",
    advice: renameTo("model.safetensors"),
    reader: "safetensors",
    matches: (start) => start.startsWith("\0\0\0\0", 4) && /^\s*\{/.test(start.slice(8)),
  },
  {
    what: "a zip archive, as PyTorch writes",
    advice: renamed,
    reader: "torch",
    matches: begins("PK\x03\x04"),
    names: /\.(pt|pth|ot)$/,
  },
  {
    what: "a file of PyTorch before 1.6",
    advice: renamed,
    reader: "torch",
    matches: begins("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e"),
  },
  {
    what: "a pickle: a program for Python, which is not run",
    advice: (path) => takeOut("pickle", path),
    matches: isPickle,
    names: /\.(pkl|pickle|joblib)$/,
  },
  {
    what: "a MessagePack file, as Flax writes",
    advice: fromFlax,
    matches: isMessagePack,
    names: /\.msgpack$/,
  },
  { what: "an ONNX model", advice: original, matches: isOnnx, names: /\.onnx(_data)?$/ },
  { what: "a GGUF file of llama.cpp", advice: original, matches: begins("GGUF"), names: /\.gguf$/ },
  { what: "a TensorFlow Lite model", advice: original, matches: (start) => start.startsWith("TFL3", 4) },
  { what: "an array of NumPy", advice: original, matches: begins("\x93NUMPY") },
  { what: "a gzip archive", advice: unpack, matches: begins("\x1f\x8b") },
  { what: "a tar archive", advice: unpack, matches: (start) => start.startsWith("ustar", 257) },
  {
    what: "a Git LFS pointer: the weights were not downloaded",
    advice: () => "Run `git lfs pull` in its folder, or download the file itself.",
    matches: begins("version https://git-lfs"),
  },
  {
    what: "a web page",
    advice: download,
    matches: (start) => /^\s*<(!doctype|html|\?xml)/i.test(start),
  },
  {
    what: "a program",
    advice: original,
    matches: (start) => ["\x7fELF", "MZ", "#!", "\xcf\xfa\xed\xfe"].some((magic) => start.startsWith(magic)),
  },
];

/**
 * Tells whether a file is a pickle. Protocols 2 to 5 say so; older ones begin with a mark, an empty dict or list, or
 * the name of a function.
 */
function isPickle(start: string): boolean {
  const protocol = start.charCodeAt(1);
  const isNew = start[0] === "\x80" && protocol >= 2 && protocol <= 5;
  return isNew || /^(\([dli]|[}\]]q|c[\w.]+\n\w+\n)/.test(start);
}

/** Tells whether a file is a MessagePack map whose first key is a text. */
function isMessagePack(start: string): boolean {
  const isMap = start >= "\x81" && start < "\x90";
  const key = start.charCodeAt(1);
  return isMap && ((key > 0xa0 && key < 0xc0) || key === 0xd9);
}

/**
 * Tells whether a file is an ONNX model: field 1, the version, then field 2, the name of what wrote it. (onnx.proto3,
 * `ModelProto`)
 */
function isOnnx(start: string): boolean {
  return start[0] === "\b" && start[2] === "\x12" && /^[\w.-]{2}/.test(start.slice(4));
}

/** Tells what a file is by its content, with `byName` else by its name; undefined for what is not known here. */
export function foreignFormat(path: string, { byName = false } = {}): ForeignFormat | undefined {
  const { start, end } = endsOf(path);
  const known = signatures.find(({ matches }) => matches(start, end));
  return known ?? (byName ? signatures.find(({ names }) => names?.test(basename(path))) : undefined);
}

/** Reads both ends of a file; nothing where it cannot be read: whoever opens it says why. */
function endsOf(path: string): { start: string; end: string } {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    const { size } = fstatSync(file);
    const head = readAt(file, 0, Math.min(2056, size));
    const tail = size < 8 ? head : readAt(file, size - 8, 8);
    return { start: Buffer.from(head).toString("latin1"), end: Buffer.from(tail).toString("latin1") };
  } catch {
    return { start: "", end: "" };
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Writes a path as a string of Python. */
const text = (path: string): string => JSON.stringify(path);

const indented = (lines: readonly string[]): string => lines.map((line) => `\n    ${line}`).join("");

/**
 * Writes a sentence and a program for Python that takes the tensors out of a pickle and saves them beside it; `keys`
 * lead to them in it, where that is known. Reading a pickle runs what is written in it, which is why the sentence asks
 * for trust first.
 */
export function takeOut(by: "torch" | "pickle", path: string, keys: readonly string[] = []): string {
  const target = join(dirname(path), "model.safetensors");
  const load =
    by === "torch"
      ? `c = torch.load(${text(path)}, map_location="cpu", weights_only=False)`
      : `c = pickle.load(open(${text(path)}, "rb"))`;
  return `If you trust who made it, since loading it runs its code, take its weights out in Python:${indented([
    `import ${by === "torch" ? "torch" : "pickle, torch"}, safetensors.torch`,
    load,
    keys.length > 0
      ? `c = c${keys.map((key) => `[${text(key)}]`).join("")}`
      : 'if isinstance(c, dict): c = next((c[k] for k in ("state_dict", "model_state_dict", "model") if k in c), c)',
    'if hasattr(c, "state_dict"): c = c.state_dict()',
    'c = {k: torch.as_tensor(v).clone().contiguous() for k, v in c.items() if hasattr(v, "shape")}',
    `safetensors.torch.save_file(c, ${text(target)})`,
  ])}`;
}

/**
 * Writes how Python converts weights that TensorFlow's or Flax's classes of transformers wrote into some that are read
 * here.
 */
function convertFrom(framework: "tf2" | "flax", path: string): string {
  const folder = text(dirname(path));
  const [packages, module] = framework === "tf2" ? ["tensorflow tf-keras", "tf"] : ["flax", "flax"];
  const load = `load_${framework}_checkpoint_in_pytorch_model`;
  return `Convert it in Python with the last version of transformers that can (pip install "transformers<5" torch ${packages}):${indented(
    [
      "from transformers import AutoConfig, AutoModelForSequenceClassification",
      `from transformers.modeling_${module}_pytorch_utils import ${load}`,
      `model = AutoModelForSequenceClassification.from_config(AutoConfig.from_pretrained(${folder}))`,
      `${load}(model, ${text(path)}).save_pretrained(${folder})`,
    ],
  )}`;
}

export interface AdapterFacts {
  /** The id or folder of the model that the adapter changes, if its file says so. */
  readonly base: string | undefined;
  /** Outputs of the head that was saved with the adapter, if one was. */
  readonly numLabels: number | undefined;
}

/** Writes how Python merges a PEFT adapter into the model that it was made for. */
export function mergeAdapter(folder: string, { base, numLabels }: AdapterFacts): string {
  const target = text(`${folder}-merged`);
  const labels = numLabels === undefined ? "" : `, num_labels=${numLabels}`;
  const name = base === undefined ? "its base model" : `its base model, ${base},`;
  return `Merge it into ${name} in Python (pip install peft) and load ${folder}-merged:${indented([
    "from peft import AutoPeftModelForSequenceClassification",
    "from transformers import AutoTokenizer",
    `model = AutoPeftModelForSequenceClassification.from_pretrained(${text(folder)}${labels})`,
    "base = model.peft_config[model.active_adapter].base_model_name_or_path",
    `model.merge_and_unload().save_pretrained(${target})`,
    `AutoTokenizer.from_pretrained(base).save_pretrained(${target})`,
  ])}`;
}
