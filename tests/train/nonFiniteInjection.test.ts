/**
 * Thirty values that are not finite, put into weights, gradients, targets and learning rates at other places of a run: each
 * ends it before a weight changes, by an error that names stage, step, rows and the first tensor that is bad.
 */
import { expect, test } from "vitest";
import { TextDataset } from "../../src/data/textDataset.ts";
import { type Cell, Table } from "../../src/display/table.ts";
import type { SequenceClassifier } from "../../src/models/sequenceClassifier.ts";
import type { TrainingArguments } from "../../src/plan/arguments.ts";
import type { Stage } from "../../src/plan/stage.ts";
import { engineName, tf } from "../../src/tensor/tensorflow.ts";
import type { TrainerEvent } from "../../src/train/events.ts";
import { combinedHash, fingerprint } from "../../src/train/weights.ts";
import type { Trainer } from "../../src/trainer.ts";
import { letters, tinyModel, tinyTrainer } from "./tiny.ts";

type Tensor = ReturnType<typeof tf.tensor>;

/** Three stages of one epoch, each of five steps of eight texts in their order: step s of a stage has the rows 8 s - 7 to 8 s. */
const stages: Stage[] = [
  { name: "head", train: "head", epochs: 1 },
  { name: "top", train: ["head", { lastLayers: 1 }], epochs: 1 },
  { name: "everything", train: "all", epochs: 1 },
];
const stepsOfStage = 5;
const layer = (index: number, rest: string) => `bert.encoder.layer.${index}.${rest}`;

/** A point of a run: after `after` steps; a pass through the frozen layers is at 0, before the first. */
interface Point {
  readonly what: string;
  /** Puts the value there; returns what takes it away again. */
  readonly put: (model: SequenceClassifier) => undefined | (() => void);
  readonly after: number;
  /** What the message says is bad. */
  readonly names: RegExp;
  /** Whether the rows are those of the micro-batch (of a loss) or of the whole step. Default: of the step. */
  readonly isLoss?: boolean;
  readonly args?: TrainingArguments;
  readonly stages?: Stage[];
}

const escaped = (name: string) => name.replaceAll(".", "\\.");

/** One value of a weight. The loss sees it at once, unless the layer is frozen and its outputs are remembered. */
const weight = (name: string, value: number, after: number, more: Partial<Point> = {}): Point => ({
  what: `${value} in the weight ${name}`,
  put: (model) => {
    const parameter = model.parameters.get(name);
    const values = parameter?.data() ?? new Float32Array();
    values[values.length >> 1] = value;
    parameter?.assign(values);
    return undefined;
  },
  after,
  names: new RegExp(`1 of \\d+ values of the weight ${escaped(name)} are NaN or infinite`),
  isLoss: true,
  ...more,
});

/** One value of the gradient of a weight, in the backward pass itself. */
const gradient = (name: string, value: number, after: number, more: Partial<Point> = {}): Point => ({
  what: `${value} in the gradient of ${name}`,
  put: (model) => {
    const run = model.run.bind(model);
    const spoilt = (parameter: string, tensor: Tensor): Tensor => {
      if (parameter !== name) return tensor;
      const pass = tf.customGrad((x: unknown) => ({
        value: (x as Tensor).clone(),
        gradFunc: (dy: Tensor) => {
          const values = dy.dataSync();
          values[0] = value;
          return tf.tensor(values, dy.shape);
        },
      }));
      return pass(tensor) as Tensor;
    };
    model.run = (hidden, from, batch, options = {}) => {
      const { through = (_: string, tensor: Tensor) => tensor } = options;
      return run(hidden, from, batch, { ...options, through: (each, tensor) => spoilt(each, through(each, tensor)) });
    };
    return () => {
      model.run = run;
    };
  },
  after,
  names: new RegExp(`The gradient of ${escaped(name)} has 1 of \\d+ values that are NaN or infinite`),
  ...more,
});

/** All values of a weight, which are finite: what is computed with them is not. */
const huge = (name: string, value: number, after: number, names: RegExp, more: Partial<Point> = {}): Point => ({
  what: `${value} in all of ${name}`,
  put: (model) => {
    const parameter = model.parameters.get(name);
    parameter?.assign(new Float32Array(parameter.size).fill(value));
    return undefined;
  },
  after,
  names,
  isLoss: true,
  ...more,
});

const inParts = { gradientAccumulationSteps: 2, perDeviceTrainBatchSize: 4 };
const uncached = { frozenDropout: true };
const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
const nothing = () => undefined;
const isNative = engineName === "tensorflow";

const points: Point[] = [
  // weights between steps: of what trains, of what is frozen and computed, of what is frozen and remembered
  weight("classifier.bias", nan, 1),
  weight("classifier.weight", infinity, 4, { args: inParts }),
  weight("bert.pooler.dense.weight", nan, 2, { args: uncached }),
  weight("bert.pooler.dense.bias", -infinity, 7, { isLoss: false, args: inParts }), // tanh makes it -1
  weight(layer(2, "attention.self.query.weight"), nan, 6),
  weight(layer(2, "output.LayerNorm.weight"), infinity, 8, { isLoss: false, args: { ...inParts, ...uncached } }),
  weight(layer(1, "intermediate.dense.bias"), nan, 11),
  weight(layer(0, "attention.output.dense.weight"), nan, 13, { args: inParts }),
  weight("bert.embeddings.LayerNorm.bias", nan, 14),
  weight("bert.embeddings.position_embeddings.weight", nan, 3, { isLoss: false }),
  weight("bert.embeddings.word_embeddings.weight", infinity, 2, { isLoss: false }),
  weight(layer(0, "attention.self.value.bias"), -infinity, 9, { isLoss: false, args: inParts }),
  weight(layer(1, "attention.self.key.weight"), nan, 3, { args: uncached }),
  // before the frozen layers are run once
  weight("bert.embeddings.LayerNorm.weight", nan, 0),
  weight(layer(1, "output.dense.weight"), infinity, 0, { args: inParts }),
  // gradients
  gradient("classifier.weight", nan, 1),
  gradient("bert.pooler.dense.bias", infinity, 3, { args: inParts }),
  gradient(layer(2, "output.dense.weight"), nan, 5),
  gradient(layer(2, "attention.self.key.bias"), -infinity, 8, { args: inParts }),
  gradient(layer(0, "intermediate.dense.weight"), nan, 12, { args: inParts }),
  gradient("bert.embeddings.token_type_embeddings.weight", nan, 13),
  gradient("bert.embeddings.LayerNorm.weight", infinity, 14, { args: uncached }),
  // what overflows on the way, though every weight is finite
  huge(layer(2, "output.dense.bias"), 3e38, 6, /All weights are finite, but what layer 2 gives is not\./),
  huge(layer(0, "attention.output.dense.bias"), 3e38, 11, /All weights are finite, but what layer 0 gives is not\./, {
    args: inParts,
  }),
  huge("bert.embeddings.LayerNorm.weight", 3e38, 0, /what the embeddings give is not|what layer 0 gives is not/),
  {
    ...huge(
      "classifier.weight",
      0,
      6,
      /The gradients are finite, but their norm is beyond float32; .* those of bert\./,
    ),
    what: "classifier.weight of 1e25",
    put: (model) => {
      const parameter = model.parameters.get("classifier.weight");
      const values = new Float32Array(parameter?.size ?? 0);
      parameter?.assign(values.map((_, i) => (i % 3 === 0 ? 1e25 : -1e25)));
      return undefined;
    },
    isLoss: false,
  },
  // the step itself, and the loss
  {
    ...{ what: "a learning rate of 1e38, at the peak of a warm-up", put: nothing, after: 2, isLoss: true },
    stages: [{ name: "head", train: "head", epochs: 1, learningRate: 1e38, warmupSteps: 2 }],
    names: /The loss is (NaN|Infinity)\. All weights are finite\./, // 5e37 fits, and what it gives does not
  },
  {
    // TensorFlow's step overflows on the way; WebAssembly's fits just into float32, and what it gives does not
    ...{ what: "a learning rate of 3e38", put: nothing, after: isNative ? 0 : 1, isLoss: true },
    stages: [{ name: "all", train: "all", epochs: 1, learningRate: 3e38 }],
    names: isNative
      ? /The step would make \d+ of \d+ values of bert\S+ NaN or infinite: its learning rate is 3/
      : /The loss is NaN\. All weights are finite, but what the embeddings give is not\./,
  },
  {
    what: "a target of 1e25 in row 19",
    put: nothing,
    after: 2,
    isLoss: true,
    names: /The loss is Infinity\. All weights/,
  },
  {
    ...{ what: "a target of 1e25 in row 19", put: nothing, after: 2, isLoss: true },
    ...{ args: inParts, names: /The loss is Infinity\. All weights are finite\./ },
  },
];

const hashOf = ({ model }: Trainer) => combinedHash(fingerprint(model, model.parameters.keys()));

/** Trains up to the point, puts the value there, and returns what followed. */
async function inject({ put, after, args = {}, what, stages: own = stages }: Point) {
  const isTarget = what.startsWith("a target");
  const model = await tinyModel({}, isTarget ? 1 : 2);
  const targets = () =>
    TextDataset.fromRows(
      letters(40).texts.map((text, i) => ({ text, label: i === 18 ? 1e25 : i / 40 })),
      { text: "text", label: "label", problemType: "regression" },
    );
  const trainer = await tinyTrainer({
    model,
    stages: own,
    ...(isTarget ? { trainDataset: targets(), evalDataset: targets() } : {}),
    args: { perDeviceTrainBatchSize: 8, trainSamplingStrategy: "sequential", ...args },
  });
  const seen: TrainerEvent[] = [];
  let undo: undefined | (() => void);
  let before = hashOf(trainer);
  let error: unknown;
  try {
    for await (const event of trainer.events()) {
      seen.push(event);
      const isThere =
        after === 0 ? event.kind === "stage" && event.stage === 0 : event.kind === "step" && event.step === after;
      if (isThere) undo = put(model);
      if (isThere || event.kind === "step") before = hashOf(trainer);
    }
  } catch (reason) {
    error = reason;
  }
  undo?.();
  const result = { error, before, end: hashOf(trainer), seen, run: trainer.run };
  model.dispose();
  return result;
}

/** How the message has to begin: `"Stage 1 (top), step 7, rows 9, 10, ... of the training data: "`. */
function placeOf({ after, args = {}, isLoss = false, stages: own = stages }: Point): RegExp {
  const index = Math.floor(after / stepsOfStage);
  const name = own[index]?.name;
  if (after === 0 && own === stages && args.frozenDropout !== true) {
    return new RegExp(`^Stage 0 \\(${name}\\), the pass through the frozen layers after step 0: `);
  }
  const first = 8 * (after % stepsOfStage) + 1;
  const isPart = isLoss && args.gradientAccumulationSteps !== undefined;
  const rows = Array.from({ length: isPart ? 4 : 8 }, (_, i) => first + i).join(", ");
  return new RegExp(`^Stage ${index} \\(${name}\\), step ${after + 1}, rows ${rows} of the training data: `);
}

test("30 values that are not finite: right names, and no weight has changed", async () => {
  const rows: Cell[][] = [];
  for (const point of points) {
    const { error, before, end, seen, run } = await inject(point);
    const message = (error as Error | undefined)?.message ?? "no error";
    const isCoded = (error as { code?: string } | undefined)?.code === "NON_FINITE";
    const isNamed = placeOf(point).test(message) && point.names.test(message);
    // a log without smoothing: nothing that is not finite stands in it, since the step that had it never was
    const losses = seen.flatMap((event) => (event.kind === "step" ? event.loss : []));
    const isPlain =
      losses.every(Number.isFinite) &&
      losses.length === point.after &&
      run?.status.state === "failed" &&
      (run?.history ?? []).every(({ loss, evalLoss }) => Number.isFinite(loss) && Number.isFinite(evalLoss));
    const isRight = isCoded && isNamed && before === end && isPlain;
    rows.push([point.what, point.after + 1, isRight ? "right" : `WRONG: ${message} (weights ${before === end})`]);
  }
  const right = rows.filter((row) => row[2] === "right").length;
  const caption = `${right} of ${rows.length}: stage, step, rows and tensor right, weights untouched`;
  console.log(String(new Table({ columns: ["value", "at step", ""], rows, caption })));
  expect(caption).toBe("30 of 30: stage, step, rows and tensor right, weights untouched");
}, 120_000);
