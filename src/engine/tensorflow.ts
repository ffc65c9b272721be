/**
 * TensorFlow's C++ runtime through `@tensorflow/tfjs-node-gpu` (the same package on CPU and GPU), loaded once.
 * `tf` is re-exported to users, so that a head or a loss written in a notebook runs on the same engine.
 */
import { createRequire } from "node:module";
import nodeUtil from "node:util";
import type * as tfjs from "@tensorflow/tfjs-core";

// types of x.mul(y); an export, since an import of nothing is left out of the declarations
export type {} from "@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js";

import { ThawError } from "../errors.ts";

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
  readonly binding: { readonly TF_Version: string } & Readonly<Record<TypeCode, number>>;
  executeMultipleOutputs(
    name: string,
    attributes: readonly OpAttribute[],
    inputs: readonly tfjs.Tensor[],
    outputs: number,
  ): tfjs.Tensor[];
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

function load(): typeof tfjs {
  replaceRemovedNodeFunctions();
  process.env.TF_CPP_MIN_LOG_LEVEL ??= "3";
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= "true";
  try {
    return createRequire(import.meta.url)("@tensorflow/tfjs-node-gpu") as typeof tfjs;
  } catch (cause) {
    throw new ThawError(
      "ENGINE_MISSING",
      `TensorFlow could not be loaded (${cause instanceof Error ? cause.message.split("\n")[0] : cause}). ` +
        "Run `npm start` or `npx thaw setup` once in the project's folder; `npx thaw doctor` shows what is missing.",
      { cause },
    );
  }
}

/** tfjs: tensors, ops and automatic differentiation on TensorFlow. */
export const tf = load();

const backend = tf.backend() as unknown as TensorFlowBackend;
const codes = backend.binding;

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
 * Runs one TensorFlow op eagerly. It never enters the gradient tape: call it inside `customGrad`, or where no
 * gradient is wanted. Outputs belong to the current `tidy` scope.
 */
export function runOp(
  name: string,
  inputs: readonly tfjs.Tensor[],
  attributes: readonly OpAttribute[],
  outputs: number,
): tfjs.Tensor[] {
  return backend.executeMultipleOutputs(name, attributes, inputs, outputs);
}

/** What the engine is, for reports: TensorFlow's version and where it computes. */
export function engineInfo(): { readonly tensorflow: string; readonly tfjs: string; readonly device: "cpu" | "gpu" } {
  return {
    tensorflow: backend.binding.TF_Version,
    tfjs: tf.version_core,
    device: backend.isUsingGpuDevice ? "gpu" : "cpu",
  };
}
