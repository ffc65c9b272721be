/** The summary of a model: its parameters block by block, and how many of them train. */
import { formatCount, formatPercent } from "../display/numbers.ts";
import { ShownAsTable, Table } from "../display/table.ts";
import type { Block } from "../freezing/selection.ts";
import type { Parameter } from "./parameter.ts";

/** The counts of one block of a model, in values. */
export interface BlockSummary {
  /** The block: "embeddings", "head", "shared", or the index of an encoder layer. */
  readonly block: Block;
  /** Number of values in all parameters of the block. */
  readonly parameters: number;
  /** Number of values that train. */
  readonly trainable: number;
  /** Number of values that the checkpoint lacked, initialised from the seed. */
  readonly newlyInitialized: number;
}

/** The parameters of a model, block by block, and how many of them train. Notebooks show it as a table. */
export class ModelSummary extends ShownAsTable {
  /** The family, such as `"bert"`. */
  readonly modelType: string;
  /** The blocks, bottom to top. */
  readonly blocks: readonly BlockSummary[];

  /** @internal */
  constructor(modelType: string, blocks: readonly BlockSummary[]) {
    super();
    this.modelType = modelType;
    this.blocks = blocks;
  }

  /** Number of values in all parameters of the model. */
  get parameters(): number {
    return this.blocks.reduce((sum, block) => sum + block.parameters, 0);
  }

  /** Number of values that train. */
  get trainable(): number {
    return this.blocks.reduce((sum, block) => sum + block.trainable, 0);
  }

  /** Returns the table: one row per block, and the whole model last. */
  override toTable(): Table {
    const rows = this.blocks.map(({ block, parameters, trainable, newlyInitialized }) => [
      typeof block === "number" ? `layer ${block}` : block,
      formatCount(parameters),
      trainable === 0 ? "frozen" : trainable === parameters ? "trains" : `${formatCount(trainable)} train`,
      newlyInitialized === 0 ? "" : newlyInitialized === parameters ? "all" : formatCount(newlyInitialized),
    ]);
    const total = `${formatCount(this.trainable)} train (${formatPercent(this.trainable / this.parameters)})`;
    return new Table({
      caption:
        `${this.modelType}: what trains` +
        (this.blocks.some(({ block, trainable }) => block === "shared" && trainable > 0)
          ? ' ("shared" weights serve several layers: training them computes everything from layer 0 on)'
          : ""),
      columns: [
        "block",
        { title: "parameters", align: "right" },
        "state",
        { title: "newly initialised", align: "right" },
      ],
      rows: [...rows, ["total", formatCount(this.parameters), total, ""]],
    });
  }
}

/** Counts the parameters of a model by block. */
export function summarize(model: {
  readonly parameters: ReadonlyMap<string, Parameter>;
  readonly config: { readonly modelType: string };
}): ModelSummary {
  const blocks = new Map<Block, { parameters: number; trainable: number; newlyInitialized: number }>();
  for (const { block, size, requiresGrad, newlyInitialized } of model.parameters.values()) {
    const counts = blocks.get(block) ?? { parameters: 0, trainable: 0, newlyInitialized: 0 };
    counts.parameters += size;
    if (requiresGrad) counts.trainable += size;
    if (newlyInitialized) counts.newlyInitialized += size;
    blocks.set(block, counts);
  }
  return new ModelSummary(
    model.config.modelType,
    [...blocks].map(([block, counts]) => ({ block, ...counts })),
  );
}
