/** Time spent in each TensorFlow op, measured around the addon's one function that runs them. */

/** Runs of one op on one set of shapes. */
export interface OpTime {
  readonly op: string;
  /** Of a product, the shapes of its factors: `nx384 384x384'`, where `n` is tokens and `'` says transposed. */
  readonly shapes: string;
  calls: number;
  ms: number;
  /** Of the products; 0 for every other op. */
  flops: number;
}

interface Binding {
  executeOp(name: string, attributes: readonly Attribute[], inputs: readonly number[], outputs: number): unknown;
}

interface Attribute {
  readonly name: string;
  readonly value: unknown;
}

/** What is needed of tfjs-node's backend: the addon, and the shapes behind the addon's numbers. */
export interface ProfiledBackend {
  binding: Binding;
  getInputTensorIds(tensors: readonly { readonly shape: readonly number[] }[]): number[];
}

/** Ops that multiply matrices: ours, and TensorFlow's where ours are not used. */
export const products: ReadonlySet<string> = new Set(["ThawProduct", "MatMul"]);

export class OpClock {
  readonly #times = new Map<string, OpTime>();
  readonly #backend: ProfiledBackend;
  /** Shapes of the inputs of the op that is about to run: their numbers are asked for just before it. */
  #shapes: readonly (readonly number[])[] = [];

  readonly #widths: ReadonlySet<number>;

  /** `widths` = the sizes that belong to the model: any other size of a product is a number of tokens, `n`. */
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

  /** Longest first. */
  get times(): OpTime[] {
    return [...this.#times.values()].sort((a, b) => b.ms - a.ms);
  }

  #add(op: string, attributes: readonly Attribute[], ms: number): void {
    const shapes = this.#shapes;
    const isSet = (name: string) => attributes.some((attribute) => attribute.name === name && attribute.value === true);
    const transposed = [isSet("transpose_a"), isSet("transpose_b")];
    const sizes = (shape: readonly number[]) => shape.map((size) => (this.#widths.has(size) ? size : "n")).join("x");
    const isProduct = products.has(op);
    // ours sums several: their left factors come first, then the right ones, all of one shape each
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

/** 2 for each of the multiplications of `[rows, inner] [inner, columns]`. */
function flopsOf([a, b]: readonly [readonly number[], readonly number[]], transposedA: boolean): number {
  const [first, second] = a as [number, number];
  const inner = transposedA ? first : second;
  return (2 * first * second * (b as readonly number[]).reduce((product, size) => product * size, 1)) / inner;
}
