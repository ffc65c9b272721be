/** Programs for Python in messages: what turns files that are not read here into a model.safetensors that is. */
import { dirname, join } from "node:path";

/** A path as a text of Python. */
const text = (path: string): string => JSON.stringify(path);

const indented = (lines: readonly string[]): string => lines.map((line) => `\n    ${line}`).join("");

/**
 * A sentence and a program that takes the tensors out of a pickle and saves them beside it; `keys` lead to them in it, where
 * that is known. Reading a pickle runs what is written in it, which is why the sentence asks for trust first.
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

/** How the file of weights that TensorFlow's or Flax's classes of transformers wrote becomes one that is read here. */
export function convertFrom(framework: "tf2" | "flax", path: string): string {
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
  /** The id or folder of the model that it changes, if its file says so. */
  readonly base: string | undefined;
  /** Outputs of the head that was saved with it, if one was. */
  readonly numLabels: number | undefined;
}

/** How the weights of a PEFT adapter are merged into the model that it was made for. */
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
