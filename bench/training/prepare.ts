/** Everything that both sides need, made before anything is measured: models in folders, and the tasks. */
import { join } from "node:path";
import { AutoTokenizer } from "../../src/index.ts";
import type { ModelSize } from "./flops.ts";
import { makeModel, miniLM, saveBoth, sizeOf, stillOf } from "./models.ts";
import { parityTask } from "./parity.ts";
import type { Task } from "./task.ts";
import { taskOf } from "./tasks.ts";
import { Texts } from "./texts.ts";
import type { ModelKind, Size, Workload } from "./workloads.ts";

/** One workload, ready to be measured. */
export interface Prepared {
  readonly workload: Workload;
  readonly size: Size;
  /** One for each seed: of a plan as many as pairs, elsewhere one. */
  readonly tasks: readonly Task[];
  readonly model: ModelSize;
}

export interface Preparation {
  /** In the order of the workloads. */
  readonly prepared: readonly Prepared[];
  /** What the models in use are compared on; of at least one model. */
  readonly parity: ReadonlyMap<ModelKind, Task>;
}

/** Writes into the folder `place`. */
export async function prepare(able: readonly Workload[], quick: boolean, place: string): Promise<Preparation> {
  const tokenizer = await AutoTokenizer.fromPretrained(miniLM);
  const texts = await Texts.read(tokenizer);
  const prepared = new Map<Workload, Prepared>();
  const parity = new Map<ModelKind, Task>();
  const kinds = new Set<ModelKind>(able.map(({ model }) => model));
  for (const kind of kinds.size > 0 ? kinds : (["mini"] as const)) {
    const own = able
      .filter(({ model }) => model === kind)
      .map((workload) => ({ workload, size: quick ? workload.quick : workload.normal }))
      .map(({ workload, size }) => ({ workload, size, seeds: workload.kind === "plan" ? size.pairs : 1 }));
    for (let seed = 0; seed < Math.max(1, ...own.map(({ seeds }) => seeds)); seed++) {
      const folder = join(place, `${kind}-${seed}`);
      const model = await makeModel(kind, seed, place);
      await saveBoth(folder, model, tokenizer);
      if (seed === 0) parity.set(kind, parityTask(kind, texts, model, stillOf(folder)));
      for (const { workload, size } of own.filter(({ seeds }) => seed < seeds)) {
        const task = taskOf(workload, { texts, size, model, folder, seed });
        const tasks = [...(prepared.get(workload)?.tasks ?? []), task];
        prepared.set(workload, { workload, size, tasks, model: sizeOf(model) });
      }
      model.dispose();
    }
  }
  return { prepared: able.map((workload) => prepared.get(workload) as Prepared), parity };
}
