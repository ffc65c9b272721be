/** The activations of `src/nn/activation.ts` as operators, by the same names. */
import { ThawError } from "../../errors.ts";
import type { GraphBuilder, Value } from "./graph.ts";

type Activation = (graph: GraphBuilder, x: Value) => Value;

/** `x / 2 (1 + erf(x / sqrt(2)))`, in the order of operators that runtimes know as one. */
const gelu: Activation = (graph, x) => {
  const erf = graph.op("Erf", [graph.op("Div", [x, graph.floats(Math.SQRT2)])]);
  const product = graph.op("Mul", [x, graph.op("Add", [erf, graph.floats(1)])]);
  return graph.op("Mul", [product, graph.floats(0.5)]);
};

/** `x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))` */
const tanhGelu: Activation = (graph, x) => {
  const cube = graph.op("Mul", [graph.op("Mul", [x, x]), x]);
  const sum = graph.op("Add", [x, graph.op("Mul", [cube, graph.floats(0.044715)])]);
  const inner = graph.op("Tanh", [graph.op("Mul", [sum, graph.floats(Math.sqrt(2 / Math.PI))])]);
  const product = graph.op("Mul", [x, graph.op("Add", [inner, graph.floats(1)])]);
  return graph.op("Mul", [product, graph.floats(0.5)]);
};

const silu: Activation = (graph, x) => graph.op("Mul", [x, graph.op("Sigmoid", [x])]);
const operator =
  (name: string): Activation =>
  (graph, x) =>
    graph.op(name, [x]);

const activations: Readonly<Record<string, Activation>> = {
  gelu,
  gelu_python: gelu,
  gelu_new: tanhGelu,
  gelu_pytorch_tanh: tanhGelu,
  linear: (_, x) => x,
  relu: operator("Relu"),
  sigmoid: operator("Sigmoid"),
  silu,
  swish: silu,
  tanh: operator("Tanh"),
};

/** Names that `activate` knows: those of `src/nn/activation.ts`. */
export const activationNames: readonly string[] = Object.keys(activations);

/** The activation of this name. Errors: `BAD_CONFIG`. */
export function activate(graph: GraphBuilder, name: string, x: Value): Value {
  const activation = Object.hasOwn(activations, name) ? activations[name] : undefined;
  if (activation !== undefined) return activation(graph, x);
  throw new ThawError("BAD_CONFIG", `There is no activation "${name}" here. Known: ${activationNames.join(", ")}.`);
}
