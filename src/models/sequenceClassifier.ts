/** A sequence classifier of any family: its parameters, which of them train, and its forward pass. */
import type { Tensor, Tensor2D } from "@tensorflow/tfjs-core";
import { ShownAsTable, type Table } from "../display/table.ts";
import { ThawError } from "../errors.ts";
import { type Block, type BlockMap, type Selection, select } from "../freezing/selection.ts";
import type { DropoutRng } from "../nn/dropout.ts";
import type { QueryRows } from "../nn/packing.ts";
import { type OptionNames, refuseUnknown } from "../options.ts";
import type { ProblemType } from "../task/task.ts";
import { decidedType, taskOf } from "../task/taskOf.ts";
import { markConstant } from "../tensor/differentiable.ts";
import { recomputed } from "../tensor/gradients.ts";
import { checkComputable, type Precision } from "../tensor/precision.ts";
import { tf } from "../tensor/tensorflow.ts";
import type { DropoutRates, HuggingFaceConfig, TrainingInput } from "./config/config.ts";
import { withDropout } from "./config/dropoutRates.ts";
import { areNameless } from "./config/labels.ts";
import type { Family } from "./family.ts";
import { checkBatch, checkLabels, type GivenLabels, problemTypeOf } from "./inputs.ts";
import { PackedBatch, type PaddedBatch } from "./packedBatch.ts";
import type { Parameter } from "./parameter.ts";
import { type ModelSummary, summarize } from "./summary.ts";
import { TensorPass } from "./tensorPass.ts";

/**
 * A place where a model is cut in two: -1 = before the embeddings, i = before encoder layer i, `depth` = before the
 * head (after its input rows are selected).
 */
export type Cut = number;

/** Output of a forward pass. */
export interface ForwardOutput {
  /** The logits, `[batch, labels]`. The caller disposes them. */
  readonly logits: Tensor2D;
  /** The loss of the problem type, a scalar; absent if the batch has no labels. The caller disposes it. */
  readonly loss?: Tensor;
}

/** Options of a forward pass. */
export interface RunOptions {
  /** Random generator of the dropout masks. Default: no dropout. */
  readonly dropoutRng?: DropoutRng | undefined;
  /** Dropout rates, in [0, 1): one number for all, or some of them. Default: the config's. */
  readonly dropout?: number | DropoutRates | undefined;
  /**
   * Precision of the layers. "bfloat16" needs the native ops, and is slow on processors without AVX512_BF16. Default:
   * "float32".
   */
  readonly precision?: Precision;
  /**
   * Keeps only the input of each layer for the backward pass, which computes the layer again: less memory, more time,
   * bitwise equal gradients. Default: false.
   */
  readonly gradientCheckpointing?: boolean;
  /** Function applied to each parameter's values before use, such as a gradient hook. Default: the identity. */
  readonly through?: (name: string, tensor: Tensor) => Tensor;
  /**
   * Function applied to the word embeddings of the batch, `[tokens, width]`, before use: it may record them, or give
   * others. Default: the identity.
   */
  readonly throughWords?: (words: Tensor) => Tensor;
}

/** Facts about the training data that a model stores in its config. */
export interface TrainingRecord {
  /** Names of the labels or regression outputs, in order. */
  readonly labelNames: readonly string[];
  readonly trainedOn: TrainingInput;
}

/**
 * Returns the config that a model has once it has been trained on such data: with the kind of the data, and with its names for
 * labels that have none of their own (`LABEL_0` and so on). A config that was returned before is returned as it is.
 */
export function trainedConfig(config: HuggingFaceConfig, { labelNames, trainedOn }: TrainingRecord): HuggingFaceConfig {
  const { id2label } = config;
  const takes = areNameless(id2label) && !areNameless(labelNames);
  const names = takes ? id2label.map((name, index) => labelNames[index] ?? name) : id2label;
  const label2id = Object.fromEntries(names.map((name, index) => [name, index]));
  return { ...config, trainedOn, id2label: names, label2id };
}

/** Options of `runPrefix`. */
export interface PrefixOptions {
  /**
   * Hidden states to start from, at a cut below the head and not above any requested cut. Default: start from the token
   * ids.
   */
  readonly start?: { readonly cut: Cut; readonly hidden: Tensor } | undefined;
  /** Precision of the layers. Default: "float32". */
  readonly precision?: Precision;
}

const batchKeys: OptionNames<PaddedBatch & { readonly labels?: GivenLabels }> = {
  inputIds: true,
  attentionMask: true,
  tokenTypeIds: true,
  labels: true,
};
const keysElsewhere = {
  ids: "inputIds",
  text: "inputIds, which the tokenizer makes of texts",
  label: "labels",
  positionIds: "not possible: positions are counted from the first token on",
  inputsEmbeds: "not possible: give inputIds",
  headMask: "not possible",
  returnDict: "always an object: leave it out",
  outputAttentions: "not possible",
  outputHiddenStates: "not possible",
} as const;

/**
 * A transformer encoder with a classification or regression head, by its problem type. It owns its weights: `dispose()`
 * frees them.
 */
export class SequenceClassifier extends ShownAsTable {
  /** The config. It is replaced by a new object when the problem type is decided or training data are recorded. */
  config: HuggingFaceConfig;
  /** @internal */
  readonly family: Family;
  /** The parameters by their names, in the order of the state dict. */
  readonly parameters: ReadonlyMap<string, Parameter>;
  /** @internal */
  readonly blocks: BlockMap;
  /** Names of checkpoint tensors that this model does not use, such as a pretraining head's. */
  readonly unused: readonly string[];
  /**
   * Number of tokens to which the trainer truncated examples, special tokens included; saved and exported with the
   * model. Undefined if no trainer has used it.
   */
  textLimit: number | undefined;
  /**
   * The hub id or folder that the model was loaded from; an absolute path is shortened to its last part. Undefined if
   * it was not loaded.
   */
  readonly name: string | undefined;

  /** @internal */
  constructor(
    family: Family,
    config: HuggingFaceConfig,
    parameters: ReadonlyMap<string, Parameter>,
    unused: readonly string[] = [],
    name?: string,
  ) {
    super();
    this.name = name;
    this.family = family;
    this.config = config;
    this.parameters = parameters;
    this.blocks = new Map([...parameters].map(([name, { block }]) => [name, block]));
    this.unused = unused;
  }

  /** The number of encoder layers. */
  get depth(): number {
    return this.config.numHiddenLayers;
  }

  /**
   * The tokens whose outputs of the topmost layer are computed.
   *
   * @internal
   */
  get queryRows(): QueryRows {
    return this.family.queryRows?.(this.config) ?? "first";
  }

  /** The problem type; undefined until the first labels or `decideProblemType` decide it. */
  get problemType(): ProblemType | undefined {
    return decidedType(this.config);
  }

  /** Stores the problem type in the config if it is undecided. Returns the one that is in force. */
  decideProblemType(problemType: ProblemType): ProblemType {
    const decided = this.problemType ?? problemType;
    if (this.config.problemType === undefined) this.config = { ...this.config, problemType: decided };
    return decided;
  }

  /**
   * Records the kind of the training data in the config, as `trainedConfig` does.
   *
   * @internal
   */
  recordTraining(record: TrainingRecord): void {
    this.config = trainedConfig(this.config, record);
  }

  /**
   * Names of the parameters that were initialised from the seed, because the checkpoint lacks them, and that have not
   * been trained.
   */
  get newlyInitialized(): readonly string[] {
    return [...this.parameters.values()].filter((p) => p.newlyInitialized).map((p) => p.name);
  }

  /** Lists `[name, parameter]` in the order of the state dict; `parameter.requiresGrad` can be set. */
  namedParameters(): IterableIterator<[string, Parameter]> {
    return this.parameters.entries() as IterableIterator<[string, Parameter]>;
  }

  /** Stops the selected parameters from training. Default: all. */
  freeze(selection: Selection = "all"): this {
    return this.#setRequiresGrad(selection, false);
  }

  /** Lets the selected parameters train. Default: all. */
  unfreeze(selection: Selection = "all"): this {
    return this.#setRequiresGrad(selection, true);
  }

  #setRequiresGrad(selection: Selection, requiresGrad: boolean): this {
    for (const name of select(selection, this.blocks, this.depth)) this.#parameter(name).requiresGrad = requiresGrad;
    return this;
  }

  /** Summarises the model block by block: its parameters, trainable parameters and newly initialised parameters. */
  summary(): ModelSummary {
    return summarize(this);
  }

  /** Returns the table that a notebook shows for the model: its summary. */
  override toTable(): Table {
    return this.summary().toTable();
  }

  /** Throws `PRECISION_UNSUPPORTED` if this model cannot be computed in this precision at all, not even slowly. */
  checkPrecision(precision: Precision): void {
    checkComputable(precision);
    const known = this.family.precisions?.(this.config) ?? ["float32"];
    if (known.includes(precision)) return;
    throw new ThawError(
      "PRECISION_UNSUPPORTED",
      `precision is "${precision}", but ${this.family.modelType} models are computed in ` +
        `${known.join(" and ")} only. Use precision: "float32".`,
    );
  }

  /**
   * Computes the logits `[batch, labels]` of a padded batch from the tokenizer, and the loss if the batch has labels.
   * Padding is skipped and costs nothing. The first labels decide an undecided problem type, as in transformers. The
   * pass is differentiable inside tfjs's gradient functions; `dropoutRng` turns dropout on. Errors: `BAD_BATCH`,
   * `BAD_LABEL`.
   */
  forward(batch: PaddedBatch & { readonly labels?: GivenLabels }, dropoutRng?: DropoutRng): ForwardOutput {
    refuseUnknown(batch, batchKeys, { code: "BAD_BATCH", kind: "key of a batch", elsewhere: keysElsewhere });
    const packed = PackedBatch.fromPadded(batch);
    try {
      checkBatch(packed, this.family, this.config);
      if (batch.labels === undefined) return { logits: this.#logits(packed, dropoutRng) };
      const problemType = problemTypeOf(batch.labels, this.config);
      const labels = checkLabels(batch.labels, packed.packing.batch, this.config, problemType);
      this.decideProblemType(problemType);
      const logits = this.#logits(packed, dropoutRng);
      return { logits, loss: taskOf(problemType).loss(logits, labels) };
    } finally {
      packed.dispose();
    }
  }

  #logits(batch: PackedBatch, dropoutRng: DropoutRng | undefined): Tensor2D {
    return tf.tidy(() => this.run(undefined, -1, batch, { dropoutRng })) as Tensor2D;
  }

  /**
   * Runs the part of the model above the cut `from`, up to the logits `[batch, labels]`. `hidden` is the output of
   * `runPrefix` at that cut; undefined for -1.
   *
   * @internal
   */
  run(hidden: Tensor | undefined, from: Cut, batch: PackedBatch, options: RunOptions = {}): Tensor {
    const pass = this.#pass(batch, options);
    let x = hidden;
    if (from < 0) x = this.family.embeddings(pass);
    for (let i = Math.max(0, from); i < this.depth; i++) {
      const below = x as Tensor;
      x = tf.tidy(() =>
        options.gradientCheckpointing === true ? this.#recomputed(pass, i, below) : this.#layer(pass, i, below),
      ); // what no gradient needs goes at once
      if (below !== hidden) below.dispose();
    }
    return this.family.head(pass, x as Tensor);
  }

  /**
   * Computes the hidden states at each of the cuts (0 to `depth`), in one pass without dropout and outside any gradient tape,
   * from the token ids or from `start`.
   *
   * @internal
   */
  runPrefix(
    cuts: readonly Cut[],
    batch: PackedBatch,
    { start, precision = "float32" }: PrefixOptions = {},
  ): Map<Cut, Tensor> {
    const pass = this.#pass(batch, { precision });
    const top = Math.max(...cuts);
    const states = new Map<Cut, Tensor>();
    let x = start?.hidden ?? this.family.embeddings(pass);
    for (let i = start?.cut ?? 0; ; i++) {
      if (cuts.includes(i)) states.set(i, markConstant(x));
      if (i === top) return states;
      const below = x;
      x = tf.tidy(() => this.#layer(pass, i, below));
      if (!cuts.includes(i) && below !== start?.hidden) below.dispose();
    }
  }

  /** Frees the native memory. The model cannot be used afterwards. */
  dispose(): void {
    for (const parameter of this.parameters.values()) parameter.dispose();
  }

  #pass(batch: PackedBatch, options: RunOptions): TensorPass {
    const { dropoutRng, dropout, precision = "float32", through = (_, tensor) => tensor, throughWords } = options;
    this.checkPrecision(precision);
    const weight = (name: string) => through(name, this.#parameter(name).tensor);
    const config = dropout === undefined ? this.config : withDropout(this.config, dropout);
    return new TensorPass({ config, batch, weight, dropoutRng, precision, throughWords });
  }

  /** Computes one layer; the topmost layer returns only the query rows. */
  #layer(pass: TensorPass, index: number, hidden: Tensor): Tensor {
    if (index < this.depth - 1) return this.family.layer(pass, index, hidden);
    const rows = this.family.layer(pass, index, hidden, this.queryRows);
    return this.family.pool?.(pass, rows) ?? rows;
  }

  #recomputed(pass: TensorPass, index: number, hidden: Tensor): Tensor {
    const own = (block: Block) => block === index || block === "shared";
    const names = [...this.blocks].filter(([, block]) => own(block)).map(([name]) => name);
    const { dropoutRng } = pass.inputs;
    const again = dropoutRng?.copy(); // the same masks
    const inputs: Readonly<Record<string, Tensor>> & { readonly hidden: Tensor } = {
      ...Object.fromEntries(names.map((name) => [name, pass.weight(name)])),
      hidden,
    };
    return recomputed(inputs, ({ hidden, ...weights }, isAgain) => {
      const weight = (name: string) => weights[name] ?? this.#outsideLayer(name, index);
      const recorded = new TensorPass({ ...pass.inputs, dropoutRng: isAgain ? again : dropoutRng, weight });
      return this.#layer(recorded, index, hidden);
    });
  }

  #outsideLayer(name: string, index: number): never {
    throw new ThawError(
      "INTERNAL",
      `Layer ${index} of this ${this.family.modelType} model reads "${name}", which is neither its own nor shared: it would get no ` +
        "gradient under gradientCheckpointing. Train without it, and report this as a bug.",
    );
  }

  #parameter(name: string): Parameter {
    const parameter = this.parameters.get(name);
    if (parameter !== undefined) return parameter;
    throw new ThawError("UNKNOWN_PARAMETER", `This ${this.family.modelType} model has no parameter "${name}".`);
  }
}
