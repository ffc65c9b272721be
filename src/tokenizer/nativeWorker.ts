/**
 * The thread that runs npm `tokenizers`. That library answers only by promises, while a tokenizer is called without
 * `await`; so it runs in a worker, and the caller sleeps on a shared counter until the answer is there.
 */

import type { MessagePort } from "node:worker_threads";

export interface NativeWorkerData {
  /** Path of the npm package, resolved by the caller. */
  readonly module: string;
  /** Text of a `tokenizer.json`. */
  readonly source: string;
  /** Requests come in and answers go out here: unlike events of the worker, they can be read by a thread that sleeps. */
  readonly port: MessagePort;
  /** One Int32: counts the answers. */
  readonly answers: SharedArrayBuffer;
}

export type NativeRequest =
  | { readonly kind: "encode"; readonly texts: readonly string[] }
  | { readonly kind: "encodeWithSpecials"; readonly text: string; readonly pair: string | undefined }
  | { readonly kind: "decode"; readonly ids: readonly number[]; readonly skipSpecialTokens: boolean };

/** `result` is of the kind that was asked for; `error` is the message of what went wrong. */
export interface NativeAnswer {
  readonly request: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** Run by `new Worker(source, { eval: true })`: a file of its own would have to be JavaScript before and after the build. */
export const nativeWorkerSource = `
const { parentPort, workerData } = require("node:worker_threads");
const answers = new Int32Array(workerData.answers);
const tokenizer = require(workerData.module).Tokenizer.fromString(workerData.source);
tokenizer.disableTruncation();
tokenizer.disablePadding();

async function answer(message) {
  switch (message.kind) {
    case "encode": {
      const encodings = await tokenizer.encodeBatch(message.texts, { addSpecialTokens: false });
      return encodings.map((encoding) => Int32Array.from(encoding.getIds()));
    }
    case "encodeWithSpecials": {
      const encoding = await tokenizer.encode(message.text, message.pair);
      return { ids: encoding.getIds(), typeIds: encoding.getTypeIds() };
    }
    case "decode":
      return tokenizer.decode(message.ids, message.skipSpecialTokens);
  }
}

workerData.port.on("message", async ({ request, message }) => {
  try {
    workerData.port.postMessage({ request, result: await answer(message) });
  } catch (error) {
    workerData.port.postMessage({ request, error: String((error && error.message) || error) });
  }
  Atomics.add(answers, 0, 1);
  Atomics.notify(answers, 0);
});
parentPort.postMessage("ready");
`;
