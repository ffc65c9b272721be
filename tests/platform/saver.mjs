/**
 * A process that saves with the built library, as a user's would: `node saver.mjs JOB`, where JOB is JSON.
 *
 * { "what": "model" | "export", "from": FOLDER, "to": FOLDER, "at"?: N } saves the model in `from` once; at call N of the
 * file system it is killed (a write has then taken half of its bytes). Prints how many calls it made.
 * { "what": "repeat", "from": FOLDER, "to": FOLDER, "number": K, "times": N } saves N times, the i-th with all weights of the
 * head equal to 100 K + i and the labels called after that number. Prints one line of JSON for each error.
 */

import { exportOnnx } from "#dist/src/exportOnnx.js";
import { AutoModelForSequenceClassification } from "#dist/src/models/autoModel.js";
import { operations } from "#dist/src/platform/files.js";
import { AutoTokenizer } from "#dist/src/tokenizer/autoTokenizer.js";
import { saveModel } from "#dist/src/train/saveModel.js";

/** @type {{ what: string, from: string, to: string, at?: number, number: number, times: number }} */
const { what, from, to, at, number, times } = JSON.parse(String(process.argv[2]));
console.info = () => {};
const model = await AutoModelForSequenceClassification.fromPretrained(from);
const tokenizer = await AutoTokenizer.fromPretrained(from);

if (what === "repeat") await repeat();
else process.stdout.write(String(await once()));

async function once() {
  let calls = 0;
  /** @type {Record<string, (...args: any[]) => Promise<any>>} Each operation has parameters of its own. */
  const replaced = Object(operations);
  for (const [name, real] of Object.entries(replaced)) {
    replaced[name] = async (...args) => {
      if (calls++ !== at) return await real(...args);
      if (name === "write") await real(args[0], args[1].subarray(0, Math.ceil(args[1].length / 2)));
      process.kill(process.pid, "SIGKILL");
      return await new Promise(() => {});
    };
  }
  if (what === "model") await saveModel(to, model, tokenizer, { "trainer_state.json": { step: 2 } });
  else await exportOnnx(to, { model, tokenizer });
  return calls;
}

async function repeat() {
  const { numLabels } = model.config;
  for (let i = 0; i < times; i++) {
    const name = String(100 * number + i);
    const names = Array.from({ length: numLabels }, (_, label) => `${name}.${label}`);
    model.config = {
      ...model.config,
      id2label: names,
      label2id: Object.fromEntries(names.map((label, id) => [label, id])),
    };
    const bias = model.parameters.get("classifier.bias");
    bias?.assign(new Float32Array(numLabels).fill(Number(name)));
    try {
      await saveModel(to, model, tokenizer, { "trainer_state.json": { step: name } });
    } catch (error) {
      process.stdout.write(`${JSON.stringify({ name, message: error instanceof Error && error.message })}\n`);
    }
  }
}
