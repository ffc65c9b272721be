/**
 * TensorFlow's C++ runtime through `@tensorflow/tfjs-node-gpu` (the same package on CPU and GPU), loaded once; where it
 * is missing, TensorFlow.js on WebAssembly, for small models. `tf` is re-exported to users, so that a head or a loss
 * written in a notebook runs on the same engine.
 */
import type * as tfjs from "@tensorflow/tfjs-core";
import { nodeUtil } from "../platform/inspect.ts";
import { loadPackage } from "../platform/packages.ts";

// types of x.mul(y); an export, since an import of nothing is left out of the declarations
export type {} from "@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js";

import { ThawError } from "../errors.ts";
import { assertRoom, guardMemory, tensorsAtMost } from "../platform/machine.ts";
import { elementsOf } from "./shape.ts";
import { loadWasm } from "./wasm/load.ts";
import { wasmRunner } from "./wasm/ops.ts";

/** An attribute of a TensorFlow op: its name, the number the addon uses for its type, its value. */
export interface OpAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

type TypeCode =
  | "TF_FLOAT"
  | "TF_INT32"
  | "TF_BOOL"
  | "TF_ATTR_TYPE"
  | "TF_ATTR_BOOL"
  | "TF_ATTR_INT"
  | "TF_ATTR_FLOAT"
  | "TF_ATTR_SHAPE"
  | "TF_ATTR_STRING";

/** The part of tfjs-node's backend that runs any registered TensorFlow op by name. */
interface TensorFlowBackend {
  binding: {
    readonly TF_Version: string;
    createTensor(shape: readonly number[], type: number, values: unknown): number;
    deleteTensor(id: number): void;
    executeOp(
      name: string,
      attributes: readonly OpAttribute[],
      inputs: readonly number[],
      outputs: number,
    ): { readonly id: number }[];
  } & Readonly<Record<TypeCode, number>>;
  executeMultipleOutputs(
    name: string,
    attributes: readonly OpAttribute[],
    inputs: readonly tfjs.Tensor[],
    outputs: number,
  ): tfjs.Tensor[];
  executeSingleOutput(name: string, attributes: readonly OpAttribute[], inputs: readonly tfjs.Tensor[]): tfjs.Tensor;
  readSync(dataId: object): unknown;
  readonly tensorMap: { get(dataId: object): { readonly shape: readonly number[] } | undefined };
  readonly isUsingGpuDevice: boolean;
}

/**
 * tfjs-node calls two functions of `node:util` that Node 23 removed (tensorflow/tfjs#8425, merged, never released) and
 * of which older versions print a deprecation warning into the notebook.
 */
function replaceRemovedNodeFunctions(): void {
  const util = nodeUtil as unknown as Record<string, unknown>;
  util.isNullOrUndefined = (value: unknown) => value === null || value === undefined;
  util.isArray = Array.isArray;
}

function loadTensorFlow(): typeof tfjs {
  replaceRemovedNodeFunctions();
  process.env.TF_CPP_MIN_LOG_LEVEL ??= "3";
  // Where it is on by itself, on newer processors, TensorFlow says so in every notebook. The products are not its.
  process.env.TF_ENABLE_ONEDNN_OPTS ??= "0";
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= "true";
  // One pool instead of the C library's: tensors of a thousand sizes tear that one to pieces, by up to twice what they take.
  process.env.TF_CPU_ALLOCATOR_USE_BFC ??= "true";
  const { TF_CPU_BFC_MEM_LIMIT_IN_MB: given } = process.env;
  process.env.TF_CPU_BFC_MEM_LIMIT_IN_MB ??= String(Math.ceil(tensorsAtMost / 2 ** 20));
  try {
    return loadPackage<typeof tfjs>("@tensorflow/tfjs-node-gpu");
  } finally {
    // this process's limit is not that of the processes that it starts
    if (given === undefined) delete process.env.TF_CPU_BFC_MEM_LIMIT_IN_MB;
  }
}

/** Loads the engine that THAW_ENGINE names; without it, TensorFlow where it loads, else WebAssembly. */
async function load(): Promise<typeof tfjs> {
  const wanted = process.env.THAW_ENGINE || undefined;
  if (wanted === "wasm") return loadWasm();
  if (wanted !== undefined && wanted !== "tensorflow") {
    throw new ThawError("ENGINE_MISSING", `THAW_ENGINE is "${wanted}". Known engines: tensorflow, wasm.`);
  }
  try {
    return loadTensorFlow();
  } catch (cause) {
    const problem = `TensorFlow could not be loaded (${cause instanceof Error ? cause.message.split("\n")[0] : cause})`;
    const remedy =
      "Run `npm start` or `npx thaw setup` once in the project's folder; `npx thaw doctor` shows what is missing.";
    if (wanted === "tensorflow") throw new ThawError("ENGINE_MISSING", `${problem}. ${remedy}`, { cause });
    console.warn(`${problem}: this runs on WebAssembly, on one thread, which is enough for small models. ${remedy}`);
    return loadWasm();
  }
}

/** Values of a tensor that is read without a look at what memory is left, which takes some tens of microseconds. */
const readUnchecked = 1e6;
/** Values of a tensor that is made without such a look. */
const madeUnchecked = 1e4;
/** Values that must stay free in the pool when a tensor is made: small tensors are made without a look. */
const kept = 1e6;

/** tfjs: tensors, ops and automatic differentiation, on TensorFlow or on WebAssembly. */
export const tf = await load();

/** The engine that `tf` computes on. */
export const engineName: "tensorflow" | "wasm" = tf.getBackend() === "wasm" ? "wasm" : "tensorflow";

const backend = tf.backend() as unknown as TensorFlowBackend;
if (engineName === "tensorflow" && !backend.isUsingGpuDevice) explainMemory(backend);

/** Every op, those that users call included, says in words that memory has run out, before V8 ends the process. */
function explainMemory(backend: TensorFlowBackend): void {
  const { binding, executeMultipleOutputs, executeSingleOutput, readSync } = backend;
  const { createTensor } = binding;
  backend.executeMultipleOutputs = (...call) => guardMemory(() => executeMultipleOutputs.apply(backend, call));
  backend.executeSingleOutput = (...call) => guardMemory(() => executeSingleOutput.apply(backend, call));
  backend.readSync = (dataId) => {
    const size = elementsOf(backend.tensorMap.get(dataId)?.shape ?? []);
    // an array that the addon cannot get ends the process
    if (size >= readUnchecked) assertRoom(4 * size, "Reading a tensor");
    return readSync.call(backend, dataId);
  };
  const checked = (shape: readonly number[], type: number, values: unknown): number => {
    if (elementsOf(shape) >= madeUnchecked && ArrayBuffer.isView(values))
      guardMemory(() => allocate(shape, type), shape);
    return createTensor.call(binding, shape, type, values);
  };
  backend.binding = Object.create(binding, { createTensor: { value: checked } }); // the addon's own is read-only

  /** Makes and frees a tensor by an op: where it cannot be had, that is an error, but the addon's own copy ends the process. */
  function allocate(shape: readonly number[], type: number): void {
    const length = createTensor.call(binding, [1], binding.TF_INT32, Int32Array.of(elementsOf(shape) + kept));
    const attributes = [
      { name: "dtype", type: binding.TF_ATTR_TYPE, value: type },
      { name: "init", type: binding.TF_ATTR_BOOL, value: false },
    ];
    try {
      for (const { id } of binding.executeOp("Empty", attributes, [length], 1)) binding.deleteTensor(id);
    } finally {
      binding.deleteTensor(length);
    }
  }
}

/** TensorFlow's own numbers for types; on WebAssembly they only have to differ. */
const codes: Readonly<Record<TypeCode, number>> =
  engineName === "tensorflow"
    ? backend.binding
    : {
        ...{ TF_FLOAT: 1, TF_INT32: 3, TF_BOOL: 10 },
        ...{ TF_ATTR_STRING: 0, TF_ATTR_INT: 1, TF_ATTR_FLOAT: 2, TF_ATTR_BOOL: 3, TF_ATTR_TYPE: 4, TF_ATTR_SHAPE: 5 },
      };
const runOnWasm = engineName === "wasm" ? wasmRunner(tf) : undefined;

/** TensorFlow's numbers for the element types in use. */
export const types = { float32: codes.TF_FLOAT, int32: codes.TF_INT32, bool: codes.TF_BOOL } as const;

const attribute =
  <T>(type: number) =>
  (name: string, value: T): OpAttribute => ({ name, type, value });
export const typeAttribute = attribute<number>(codes.TF_ATTR_TYPE);
export const boolAttribute = attribute<boolean>(codes.TF_ATTR_BOOL);
export const intAttribute = attribute<number>(codes.TF_ATTR_INT);
export const floatAttribute = attribute<number>(codes.TF_ATTR_FLOAT);
export const shapeAttribute = attribute<readonly number[]>(codes.TF_ATTR_SHAPE);
export const stringAttribute = attribute<string>(codes.TF_ATTR_STRING);

/**
 * Runs one TensorFlow op eagerly and gives its outputs, whose names come in the op's order. It never enters the gradient
 * tape: call it inside `differentiable`, or where no gradient is wanted. Outputs belong to the current `tidy` scope.
 */
export function runOpOutputs<Name extends string>(
  op: string,
  inputs: readonly tfjs.Tensor[],
  attributes: readonly OpAttribute[],
  names: readonly Name[],
): Readonly<Record<Name, tfjs.Tensor>> {
  const outputs =
    runOnWasm === undefined
      ? backend.executeMultipleOutputs(op, attributes, inputs, names.length)
      : runOnWasm(op, inputs, new Map(attributes.map((attribute) => [attribute.name, attribute.value])));
  return Object.fromEntries(names.map((name, i) => [name, outputs[i]])) as Record<Name, tfjs.Tensor>;
}

/** Runs one TensorFlow op that has one output, as `runOpOutputs` does. */
export const runOp = (
  op: string,
  inputs: readonly tfjs.Tensor[],
  attributes: readonly OpAttribute[] = [],
): tfjs.Tensor => runOpOutputs(op, inputs, attributes, ["output"]).output;

/** Describes the engine for reports: its version and where it computes. */
export function engineInfo(): {
  readonly engine: string;
  readonly tfjs: string;
  readonly device: "cpu" | "gpu" | "wasm";
} {
  if (engineName === "wasm") return { engine: "WebAssembly", tfjs: tf.version_core, device: "wasm" };
  const device = backend.isUsingGpuDevice ? "gpu" : "cpu";
  return { engine: `TensorFlow ${backend.binding.TF_Version}`, tfjs: tf.version_core, device };
}
