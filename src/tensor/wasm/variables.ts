/** TensorFlow's variables on tfjs tensors: the value behind each handle, and the ops that change it. */
import type * as tfjs from "@tensorflow/tfjs-core";
import { ThawError } from "../../errors.ts";
import { outliving } from "../marks.ts";
import type { WasmOp } from "./ops.ts";

/** The ops of variable.ts and adamW.ts, by TensorFlow's names. */
export function variableOps(tf: typeof tfjs): Readonly<Record<string, WasmOp>> {
  const values = new WeakMap<tfjs.Tensor, tfjs.Tensor>();

  const valueBehind = (handle: tfjs.Tensor): tfjs.Tensor => {
    const value = values.get(handle);
    if (value === undefined) throw new ThawError("DISPOSED", "This variable was freed: load the model again.");
    return value;
  };
  const set = (handle: tfjs.Tensor, value: tfjs.Tensor): void => {
    const before = values.get(handle);
    values.set(handle, outliving(tf.keep(value)));
    before?.dispose();
  };

  return {
    VarHandleOp: () => [tf.scalar(0, "int32")],
    AssignVariableOp: ([handle, value]) => {
      set(handle as tfjs.Tensor, (value as tfjs.Tensor).clone());
      return [];
    },
    ReadVariableOp: ([handle]) => [valueBehind(handle as tfjs.Tensor).clone()],
    AssignAddVariableOp: ([handle, x]) => {
      set(handle as tfjs.Tensor, tf.add(valueBehind(handle as tfjs.Tensor), x as tfjs.Tensor));
      return [];
    },
    AssignSubVariableOp: ([handle, difference]) => {
      set(handle as tfjs.Tensor, tf.sub(valueBehind(handle as tfjs.Tensor), difference as tfjs.Tensor));
      return [];
    },
    DestroyResourceOp: ([handle]) => {
      values.get(handle as tfjs.Tensor)?.dispose();
      values.delete(handle as tfjs.Tensor);
      return [];
    },
    /** TensorFlow's form, with epsilon before the correction of the second moment. */
    ResourceApplyAdam: (inputs) => {
      const [weight, m, v, beta1Power, beta2Power, learningRate, beta1, beta2, epsilon, gradient] =
        inputs as AdamInputs;
      const number = (scalar: tfjs.Tensor) => scalar.dataSync()[0] as number;
      const [share, squareShare] = [1 - number(beta1), 1 - number(beta2)];
      const rate = (number(learningRate) * Math.sqrt(1 - number(beta2Power))) / (1 - number(beta1Power));
      set(m, tf.add(valueBehind(m), tf.mul(tf.sub(gradient, valueBehind(m)), share)));
      set(v, tf.add(valueBehind(v), tf.mul(tf.sub(tf.square(gradient), valueBehind(v)), squareShare)));
      const change = tf.div(tf.mul(valueBehind(m), rate), tf.add(tf.sqrt(valueBehind(v)), epsilon));
      set(weight, tf.sub(valueBehind(weight), change));
      return [];
    },
  };
}

type T = tfjs.Tensor;
/** The inputs of TensorFlow's op, in its order. */
type AdamInputs = [T, T, T, T, T, T, T, T, T, T];
