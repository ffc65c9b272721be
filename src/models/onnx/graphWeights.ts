/** Adds the weights of a model to its graph, in float32 or in eight bits, and the operators that read them. */
import { once } from "../../tensor/differentiable.ts";
import { elementsOf } from "../../tensor/shape.ts";
import type { MatrixLayout } from "../family.ts";
import type { Parameter } from "../parameter.ts";
import type { GraphBuilder, Initializer, Value } from "./graph.ts";

/**
 * The weights of one graph. Matrices and the word table, nearly all of a model, can be stored in eight bits; all others
 * stay in float32.
 */
export class GraphWeights {
  readonly #graph: GraphBuilder;
  readonly #parameters: ReadonlyMap<string, Parameter>;
  readonly #inEightBits: boolean;

  constructor(graph: GraphBuilder, parameters: ReadonlyMap<string, Parameter>, inEightBits: boolean) {
    this.#graph = graph;
    this.#parameters = parameters;
    this.#inEightBits = inEightBits;
  }

  shape(name: string): readonly number[] {
    return this.#parameter(name).shape;
  }

  /** Adds the values of a parameter. Default shape: the parameter's own. */
  tensor(name: string, shape: readonly number[] = this.#parameter(name).shape): Value {
    const { size } = this.#parameter(name);
    return this.#graph.initializer(name, () => float32(shape, size, () => this.#parameter(name).data()));
  }

  /**
   * Multiplies `x [..., in]` by a matrix -> `[..., out]`. The graph stores it as `[in, out]`, the layout of `MatMul`.
   */
  project(x: Value, name: string, stored: MatrixLayout = "[out, in]"): Value {
    return this.#inEightBits ? this.#eightBitProduct(x, name, stored) : this.#product(x, name, stored);
  }

  /** Looks up rows of the word table: `ids [batch, tokens]` -> `[batch, tokens, width]`. */
  words(name: string, ids: Value): Value {
    const graph = this.#graph;
    if (!this.#inEightBits) return this.rows(name, ids);
    const [rows, width] = this.#parameter(name).shape as [number, number];
    const quantized = once(() => eightBits(this.#parameter(name).data(), rows));
    const matrix = graph.initializer(`${name}_quantized`, () => uint8([rows, width], () => quantized().bytes));
    const scale = graph.initializer(`${name}_scale`, () => float32([rows, 1], rows, () => quantized().scales));
    return this.#restored(graph.op("Gather", [matrix, ids]), graph.op("Gather", [scale, ids]));
  }

  /** Looks up rows of a table: `ids [...]` -> `[..., width]`. */
  rows(name: string, ids: Value): Value {
    return this.#graph.op("Gather", [this.tensor(name), ids]);
  }

  #product(x: Value, name: string, stored: MatrixLayout): Value {
    const { rows, columns, size } = this.#sizes(name);
    const shape = stored === "[out, in]" ? [columns, rows] : [rows, columns];
    const values = () => {
      const data = this.#parameter(name).data();
      return stored === "[out, in]" ? transposed(data, rows) : data;
    };
    return this.#graph.op("MatMul", [x, this.#graph.initializer(name, () => float32(shape, size, values))]);
  }

  /**
   * Multiplies by a matrix in eight bits with one scale per output. Runtimes restore the weights when they load the
   * file, since all inputs of these operators are constant; eight bits only make the download smaller. With eight-bit
   * inputs too (`MatMulInteger`, one scale per batch), one in twenty of MiniLM's predicted labels changed.
   */
  #eightBitProduct(x: Value, name: string, stored: MatrixLayout): Value {
    const { rows, columns } = this.#sizes(name);
    const [inputs, outputs] = stored === "[out, in]" ? [columns, rows] : [rows, columns];
    const quantized = once(() => {
      const data = this.#parameter(name).data();
      return eightBits(stored === "[out, in]" ? data : transposed(data, rows), outputs);
    });
    const values = () => transposed(quantized().bytes, outputs);
    const graph = this.#graph;
    const matrix = graph.initializer(`${name}_quantized`, () => uint8([inputs, outputs], values));
    const scale = graph.initializer(`${name}_scale`, () => float32([outputs], outputs, () => quantized().scales));
    return graph.op("MatMul", [x, this.#restored(matrix, scale)]);
  }

  /** Dequantises bytes: `(byte - 128) * scale`. */
  #restored(bytes: Value, scale: Value): Value {
    const graph = this.#graph;
    const signed = graph.op("Sub", [graph.op("Cast", [bytes], { to: 1 }), graph.floats(zeroPoint)]);
    return graph.op("Mul", [signed, scale]);
  }

  #sizes(name: string) {
    const { shape, size } = this.#parameter(name);
    const rows = shape[0] as number;
    return { rows, columns: size / rows, size };
  }

  #parameter(name: string): Parameter {
    return this.#parameters.get(name) as Parameter;
  }
}

type Content = Omit<Initializer, "name">;

const bytesOf = (data: Float32Array) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

const float32 = (shape: readonly number[], size: number, values: () => Float32Array): Content => ({
  type: "float32",
  shape,
  byteLength: 4 * size,
  bytes: () => bytesOf(values()),
});

const uint8 = (shape: readonly number[], bytes: () => Uint8Array): Content => ({
  type: "uint8",
  shape,
  byteLength: elementsOf(shape),
  bytes,
});

/** Zero point of the quantised values: bytes hold whole numbers from -127 to 127 plus this. */
const zeroPoint = 128;

interface EightBits {
  /** One byte per value, in the same order. */
  readonly bytes: Uint8Array;
  /** Scale of each row, `[rows]`. */
  readonly scales: Float32Array;
}

/**
 * Quantises `values [rows, columns]`, row-major: `byte = round(value / scale) + 128`, where the scale of a row is `max
 * |value| / 127`. The error is at most half a scale.
 */
export function eightBits(values: Float32Array, rows: number): EightBits {
  const columns = values.length / rows;
  const bytes = new Uint8Array(values.length);
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const own = values.subarray(row * columns, (row + 1) * columns);
    const largest = own.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    const scale = Math.fround(largest / 127) || 1; // a row of zeros
    scales[row] = scale;
    own.forEach((value, i) => {
      bytes[row * columns + i] = Math.round(value / scale) + zeroPoint;
    });
  }
  return { bytes, scales };
}

/** Transposes values: `[rows, columns]` -> `[columns, rows]`. */
export function transposed<T extends Float32Array | Uint8Array>(values: T, rows: number): T {
  const columns = values.length / rows;
  const turned = new (values.constructor as new (length: number) => T)(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      turned[column * rows + row] = values[row * columns + column] as number;
    }
  }
  return turned;
}
