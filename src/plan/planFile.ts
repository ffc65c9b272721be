/**
 * Reads the stages and the training arguments of a run from a YAML or JSON file. Every error begins with the file, the
 * line and the column of what is wrong. What is right is decided by `checkStages` and `resolveArguments`: this file only
 * finds where in the text their errors arise.
 */
import { closest } from "../../shared/closest.ts";
import { ThawError } from "../errors.ts";
import type { SelectableModel } from "../freezing/selection.ts";
import type { HuggingFaceConfig, JsonObject } from "../models/config/config.ts";
import { type OptionNames, refuseUnknown } from "../options.ts";
import { readForeignFile } from "../platform/foreignFile.ts";
import { inspect } from "../platform/inspect.ts";
import { resolveArguments, type TrainingArguments } from "./arguments.ts";
import { checkStages } from "./checkStages.ts";
import { type Entry, type PlanNode, PlanText, plain } from "./planText.ts";
import type { Stage } from "./stage.ts";

/** The content of a plan file; both parts are options of a trainer. */
export interface PlanFile {
  /** The stages of the run; absent if the file has none. */
  readonly stages?: readonly Stage[];
  /** The training arguments of the run; absent if the file has none. */
  readonly args?: TrainingArguments;
}

/** Options of `readPlan`. */
export interface ReadPlanOptions {
  /**
   * A loaded model, its `config`, or the parsed `config.json` of one: then layers and names that it does not have are
   * refused as well. Default: the stages are checked as far as they are the same for every model.
   */
  readonly model?: SelectableModel | HuggingFaceConfig | JsonObject;
}

const optionNames: OptionNames<ReadPlanOptions> = { model: true };

/** The largest plan file in bytes: thousands of stages are far below it. */
const maxBytes = 1_000_000;

/**
 * Reads a file that ends in .yaml, .yml or .json: `new Trainer({ model, ..., ...(await readPlan("plan.yaml")) })`. It holds
 * `stages`, `args` or both; a list alone is read as stages, and a mapping with neither as training arguments, such as a
 * `training_args.json`. Names in snake_case (`num_train_epochs`) are read as their camelCase. A pattern of parameter
 * names is written as text, `"/LayerNorm/"`. Every error but that of a missing file begins with `<path>:<line>:<column>: `.
 * Errors: `MISSING_FILE`, `BAD_PLAN` for what is no YAML or JSON or has other parts, `BAD_STAGE`, `BAD_SELECTION`,
 * `BAD_ARGUMENT`, `PRECISION_UNSUPPORTED`.
 */
export async function readPlan(path: string, options: ReadPlanOptions = {}): Promise<PlanFile> {
  refuseUnknown(options, optionNames, { kind: "option of readPlan" });
  const ending = typeof path === "string" ? /\.(ya?ml|json)$/i.exec(path)?.[1]?.toLowerCase() : undefined;
  if (ending === undefined) {
    throw new ThawError(
      "BAD_ARGUMENT",
      `The path of a plan file is ${inspect(path)}; it ends in .yaml, .yml or .json, such as "plan.yaml".`,
    );
  }
  const bytes = await readForeignFile(path, { maxBytes });
  if (bytes === undefined) throw new ThawError("MISSING_FILE", `There is no file ${path}: check the path.`);
  const text = new PlanText(path, bytes, ending === "json");
  return partsOf(text, text.root, options.model);
}

/** Reads the parts of a plan from the outermost node. */
function partsOf(text: PlanText, root: PlanNode, model: ReadPlanOptions["model"]): PlanFile {
  if (root.kind === "list") return { stages: stagesOf(text, root, model) };
  if (root.kind === "value") {
    throw text.error(root.at, "BAD_PLAN", `A plan file holds stages, args or both; found ${inspect(root.value)}.`);
  }
  const parts = ["stages", "args"] as const;
  if (!root.entries.some(({ key }) => (parts as readonly string[]).includes(key))) {
    const [first] = root.entries;
    const near = root.entries.find(({ key }) => closest(key, parts) !== undefined);
    if (first === undefined) throw text.error(root.at, "BAD_PLAN", "The file holds nothing: give it stages or args.");
    if (near !== undefined) throw unknownPart(text, near);
    return { args: argumentsOf(text, root) };
  }
  const other = root.entries.find(({ key }) => !(parts as readonly string[]).includes(key));
  if (other !== undefined) throw unknownPart(text, other);
  const [stages, args] = parts.map((part) => root.entries.find(({ key }) => key === part)?.node);
  return {
    ...(stages === undefined ? {} : { stages: stagesOf(text, stages, model) }),
    ...(args === undefined ? {} : { args: argumentsOf(text, args) }),
  };
}

function unknownPart(text: PlanText, { written, at }: Entry): ThawError {
  const near = closest(written, ["stages", "args"]);
  const advice =
    near === undefined ? "Settings of a run belong into args, those of a stage into stages." : `Did you mean ${near}?`;
  return text.error(at, "BAD_PLAN", `A plan file has the parts stages and args, not "${written}". ${advice}`);
}

/** Returns the training arguments of a node, or throws the error of `resolveArguments` with its place. */
function argumentsOf(text: PlanText, node: PlanNode): TrainingArguments {
  const args = plain(node) as TrainingArguments;
  const check = (changed: object) => errorOf(() => resolveArguments(changed as TrainingArguments));
  const error = check(args);
  if (error === undefined) return args;
  throw text.located(faultySetting(node, {}, (changed) => check(changed)?.message)?.at ?? node.at, error);
}

/** Returns the stages of a node, or throws the error of `checkStages` with its place. */
function stagesOf(text: PlanText, node: PlanNode, model: ReadPlanOptions["model"]): readonly Stage[] {
  const stages = plain(node) as readonly Stage[];
  const check = (some: unknown) => errorOf(() => checkStages(some as readonly Stage[], model));
  const error = check(stages);
  if (error === undefined) return stages;
  const stage = node.kind === "list" ? node.items.find((item) => check([plain(item)]) !== undefined) : undefined;
  if (stage === undefined) throw text.located(node.at, error);
  const plainest = { train: "head", epochs: 1 };
  const setting = faultySetting(stage, plainest, (changed) => {
    // messages name the stage, which must not make its name look like the fault
    return check([changed])?.message.replaceAll(` ("${(changed as Stage).name}")`, "");
  });
  if (setting === undefined) throw text.located(stage.at, error);
  if (setting.key !== "train" || setting.node === undefined) throw text.located(setting.at, error);
  const isGood = (train: unknown) => check([{ ...plainest, train }]) === undefined;
  throw text.located(placeInSelection(setting.node, isGood), error);
}

/** The setting of a mapping that is at fault: its name if that is unknown, and its value otherwise. */
interface FaultySetting {
  readonly key: string;
  readonly at: number;
  /** The value; absent if the name is unknown. */
  readonly node?: PlanNode;
}

/**
 * Finds the setting at fault: the first one without which, or with its value in `base`, the error of the mapping is
 * another one or none. Undefined if there is none, as where a setting is missing.
 */
function faultySetting(
  node: PlanNode,
  base: Readonly<Record<string, unknown>>,
  messageOf: (settings: object) => string | undefined,
): FaultySetting | undefined {
  if (node.kind !== "map") return undefined;
  const settings = plain(node) as Readonly<Record<string, unknown>>;
  const message = messageOf(settings);
  for (const { key, at, node: value } of node.entries) {
    const { [key]: _, ...others } = settings;
    if (messageOf(key in base ? { ...others, [key]: base[key] } : others) === message) continue;
    const isKnown = key in base || messageOf({ ...base, [key]: undefined }) === undefined;
    return isKnown ? { key, at: value.at, node: value } : { key, at };
  }
  return undefined;
}

/** Finds the place in a selection that is at fault: the first part with which the list is no longer possible. */
function placeInSelection(node: PlanNode, isGood: (selection: unknown) => boolean): number {
  if (node.kind === "list") {
    const alone = node.items.find((item) => !isGood(plain(item)));
    if (alone !== undefined) return placeInSelection(alone, isGood);
    return firstTooMany(node, (items) => isGood(items));
  }
  if (node.kind !== "map" || node.entries.length === 0) return node.at;
  const [{ key, at, node: value }, second] = node.entries as [Entry, Entry | undefined];
  // a name is known if any value makes a selection of it
  const isKnown = [[0], ["x"], 1, 2, 0.5, "/./"].some((some) => isGood({ [key]: some }));
  if (!isKnown) return at;
  if (second !== undefined) return second.at;
  return value.kind === "list" ? firstTooMany(value, (items) => isGood({ [key]: items })) : value.at;
}

/** Finds the item with which a list that was good becomes bad; the list itself if it is never good. */
function firstTooMany(
  list: PlanNode & { readonly kind: "list" },
  isGood: (items: readonly unknown[]) => boolean,
): number {
  const values = list.items.map(plain);
  const index = values.findIndex((_, i) => !isGood(values.slice(0, i + 1)));
  return list.items[index]?.at ?? list.at;
}

function errorOf(check: () => unknown): ThawError | undefined {
  try {
    check();
  } catch (error) {
    if (error instanceof ThawError) return error;
    throw error;
  }
  return undefined;
}
