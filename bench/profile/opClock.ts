/** The time spent in each TensorFlow op, measured around the addon's one function that runs them, and its tables. */
import { Table } from "../../src/display/table.ts";
import { median } from "../statistics.ts";

/** The runs of one op on one set of shapes. */
interface OpTime {
  readonly op: string;
  /** The shapes of a product's factors: `nx384 384x384'`, where `n` is tokens and `'` says transposed. Empty otherwise. */
  readonly shapes: string;
  calls: number;
  ms: number;
  /** The floating-point operations of a product; 0 for every other op. */
  flops: number;
}

interface Binding {
  executeOp(name: string, attributes: readonly Attribute[], inputs: readonly number[], outputs: number): unknown;
}

interface Attribute {
  readonly name: string;
  readonly value: unknown;
}

/** The part of tfjs-node's backend that is used: the addon, and the function that tells the shapes of an op's inputs. */
interface ProfiledBackend {
  binding: Binding;
  getInputTensorIds(tensors: readonly { readonly shape: readonly number[] }[]): number[];
}

/** Ops that multiply matrices: Thaw's own, and TensorFlow's where its own are not used. */
const products: ReadonlySet<string> = new Set(["ThawProduct", "MatMul"]);

/** Times every op of a backend between `start` and `stop`. */
export class OpClock {
  readonly #times = new Map<string, OpTime>();
  readonly #backend: ProfiledBackend;
  /** The shapes of the inputs of the op that is about to run, which the backend asks for just before it. */
  #shapes: readonly (readonly number[])[] = [];
  readonly #widths: ReadonlySet<number>;

  /** `widths` are the sizes that belong to the model. Any other size of a product is a number of tokens, `n`. */
  constructor(backend: unknown, widths: ReadonlySet<number>) {
    this.#backend = backend as ProfiledBackend;
    this.#widths = widths;
  }

  start(): void {
    const backend = this.#backend;
    const { binding, getInputTensorIds } = backend;
    backend.getInputTensorIds = (tensors) => {
      this.#shapes = tensors.map(({ shape }) => shape);
      return getInputTensorIds.call(backend, tensors);
    };
    const executeOp: Binding["executeOp"] = (name, attributes, inputs, outputs) => {
      const started = performance.now();
      const result = binding.executeOp(name, attributes, inputs, outputs);
      this.#add(name, attributes, performance.now() - started);
      return result;
    };
    // the addon's own object lets nobody replace its functions
    backend.binding = Object.create(binding, { executeOp: { value: executeOp } }) as Binding;
    this.stop = () => {
      backend.binding = binding;
      backend.getInputTensorIds = getInputTensorIds;
    };
  }

  /** Gives the backend its own functions back. */
  stop: () => void = () => {};

  /** The times of all ops, the longest first. */
  get times(): OpTime[] {
    return [...this.#times.values()].sort((a, b) => b.ms - a.ms);
  }

  #add(op: string, attributes: readonly Attribute[], ms: number): void {
    const shapes = this.#shapes;
    const isSet = (name: string) => attributes.some((attribute) => attribute.name === name && attribute.value === true);
    const transposed = [isSet("transpose_a"), isSet("transpose_b")];
    const sizes = (shape: readonly number[]) => shape.map((size) => (this.#widths.has(size) ? size : "n")).join("x");
    const isProduct = products.has(op);
    // Thaw's own op sums several products: first all left factors, then all right ones, each of one shape
    const count = attributes.find(({ name }) => name === "N")?.value ?? 1;
    const factors = [shapes[0], shapes[Number(count)]] as [number[], number[]];
    const product = factors.map((shape, i) => `${sizes(shape ?? [])}${transposed[i] ? "'" : ""}`).join(" ");
    const text = isProduct ? `${count === 1 ? "" : `${count} x `}${product}` : "";
    const key = `${op} ${text}`;
    let time = this.#times.get(key);
    if (time === undefined) {
      time = { op, shapes: text, calls: 0, ms: 0, flops: 0 };
      this.#times.set(key, time);
    }
    time.calls += 1;
    time.ms += ms;
    if (isProduct) time.flops += Number(count) * flopsOf(factors, transposed[0] === true);
  }
}

/** Counts 2 for each of the multiplications of `[rows, inner] [inner, columns]`. */
function flopsOf([a, b]: readonly [readonly number[], readonly number[]], transposedA: boolean): number {
  const [first, second] = a as [number, number];
  const inner = transposedA ? first : second;
  return (2 * first * second * (b as readonly number[]).reduce((product, size) => product * size, 1)) / inner;
}

/** Writes the tables of the ops by their time and of the products by their shapes. `took` holds the milliseconds of each step. */
export function opTable(times: readonly OpTime[], took: readonly number[]): string {
  const steps = took.length;
  const total = took.reduce((sum, ms) => sum + ms, 0);
  const inOps = times.reduce((sum, { ms }) => sum + ms, 0);
  const row = (name: string, { calls, ms, flops }: Pick<OpTime, "calls" | "ms" | "flops">) => [
    name,
    calls === 0 ? undefined : (calls / steps).toFixed(1),
    (ms / steps).toFixed(2),
    `${((100 * ms) / total).toFixed(1)} %`,
    flops === 0 ? undefined : (flops / ms / 1e6).toFixed(0),
  ];
  const multiplied = sum(times.filter(({ flops }) => flops > 0));
  const other = total - inOps;
  const table = new Table({
    columns: ["op", "calls a step", "ms a step", "share", "GFLOP/s"],
    rows: [
      row("all products", multiplied),
      ...byName(times).map((time) => row(time.op, time)),
      row("JavaScript", { calls: 0, ms: other, flops: 0 }),
    ],
  });
  const shapes = new Table({
    columns: ["product", "calls a step", "ms a step", "share", "GFLOP/s"],
    rows: times
      .filter(({ shapes }) => shapes !== "" && steps > 0)
      .slice(0, 16)
      .map((time) => row(time.shapes, time)),
  });
  const fastest = Math.min(...took).toFixed(1);
  return `${table}\n${shapes}\nA step: fastest ${fastest} ms, median ${median(took).toFixed(1)} ms, mean ${(total / steps).toFixed(1)} ms.`;
}

const sum = (times: readonly OpTime[]) => ({
  calls: times.reduce((total, { calls }) => total + calls, 0),
  ms: times.reduce((total, { ms }) => total + ms, 0),
  flops: times.reduce((total, { flops }) => total + flops, 0),
});

function byName(times: readonly OpTime[]): OpTime[] {
  const names = [...new Set(times.map(({ op }) => op))];
  const all = names.map((op) => ({ op, shapes: "", ...sum(times.filter((time) => time.op === op)) }));
  return all.filter(({ op }) => !products.has(op)).sort((a, b) => b.ms - a.ms);
}
