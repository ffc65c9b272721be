/** The parts of an ONNX graph (onnx/onnx, docs/IR.md), and a builder that assigns names to its values. */
import { createHash } from "../../platform/bytes.ts";

/** The ONNX element types in use. */
export type ElementType = "float32" | "uint8" | "int32" | "int64" | "bool";

/** A tensor of the graph, identified by its name in the file. */
export interface Value {
  readonly name: string;
}

/** An attribute of an operator: plain numbers and arrays are integers, floats are wrapped in `{ float }`. */
export type Attribute = number | readonly number[] | { readonly float: number };

export interface GraphNode {
  /** The name of one of ONNX's own operators, such as `"MatMul"`. */
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/**
 * A tensor whose values are stored in the file. The values are made only when they are written, one tensor at a time.
 */
export interface Initializer {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly byteLength: number;
  /** Makes the values, row-major and little-endian. */
  readonly bytes: () => Uint8Array;
}

/** An input or output of the graph; a dynamic dimension has a name instead of a size. */
export interface GraphPort {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly (number | string)[];
}

export interface Graph {
  readonly nodes: readonly GraphNode[];
  readonly initializers: readonly Initializer[];
  readonly inputs: readonly GraphPort[];
  readonly outputs: readonly GraphPort[];
}

/** Builds a graph operator by operator. An operator with the same inputs and attributes is added only once. */
export class GraphBuilder {
  readonly #nodes = new Map<string, GraphNode>();
  readonly #initializers = new Map<string, Initializer>();
  readonly #inputs: GraphPort[] = [];
  readonly #outputs: GraphPort[] = [];

  input(port: GraphPort): Value {
    this.#inputs.push(port);
    return { name: port.name };
  }

  /** Makes a value an output of the graph, under the name of `port`. */
  output(value: Value, port: GraphPort): void {
    this.#nodes.set(port.name, { op: "Identity", inputs: [value.name], outputs: [port.name], attributes: {} });
    this.#outputs.push(port);
  }

  /** Adds an operator and returns its first, mostly only, output. */
  op(op: string, inputs: readonly Value[], attributes: Readonly<Record<string, Attribute>> = {}): Value {
    return this.ops(op, inputs, 1, attributes)[0] as Value;
  }

  /** Adds an operator and returns its `count` outputs. */
  ops(
    op: string,
    inputs: readonly Value[],
    count: number,
    attributes: Readonly<Record<string, Attribute>> = {},
  ): Value[] {
    const names = inputs.map(({ name }) => name);
    const key = JSON.stringify([op, names, attributes]);
    let node = this.#nodes.get(key);
    if (node === undefined) {
      const own = `${op}_${this.#nodes.size}`;
      const outputs = count === 1 ? [own] : Array.from({ length: count }, (_, i) => `${own}_${i}`);
      node = { op, inputs: names, outputs, attributes };
      this.#nodes.set(key, node);
    }
    return node.outputs.map((name) => ({ name }));
  }

  /** Adds the initializer of this name, unless the graph already has it. */
  initializer(name: string, make: () => Omit<Initializer, "name">): Value {
    if (!this.#initializers.has(name)) this.#initializers.set(name, { name, ...make() });
    return { name };
  }

  /** Adds a float32 constant. Default shape: a scalar. */
  floats(values: number | readonly number[] | Float32Array, shape: readonly number[] = []): Value {
    const data = Float32Array.from(typeof values === "number" ? [values] : values);
    return this.#constant("float32", data, shape);
  }

  /** Adds an int64 constant. Default shape: a vector. */
  ints(values: readonly number[], shape: readonly number[] = [values.length]): Value {
    return this.#constant("int64", BigInt64Array.from(values, BigInt), shape);
  }

  #constant(type: ElementType, data: Float32Array | BigInt64Array, shape: readonly number[]): Value {
    const bytes = new Uint8Array(data.buffer);
    const digest = createHash("sha256").update(bytes).digest("hex").slice(0, 16);
    const name = `constant_${type}_${shape.join("x")}_${digest}`;
    return this.initializer(name, () => ({ type, shape, byteLength: bytes.length, bytes: () => bytes }));
  }

  build(): Graph {
    return {
      nodes: [...this.#nodes.values()],
      initializers: [...this.#initializers.values()],
      inputs: this.#inputs,
      outputs: this.#outputs,
    };
  }
}
