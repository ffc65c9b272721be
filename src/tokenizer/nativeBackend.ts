/** npm `tokenizers`: the Rust code that Python's fast tokenizers run, so ids are the same by construction. */
import { once } from "node:events";
import { createRequire } from "node:module";
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import { ThawError } from "../errors.ts";
import { assertThreadRoom } from "../memory/room.ts";
import type { EncodedWithSpecials, TokenizerBackend } from "./backend.ts";
import { type NativeAnswer, type NativeRequest, type NativeWorkerData, nativeWorkerSource } from "./nativeWorker.ts";

/** Texts per request: an interrupt of the cell is served between two requests. */
const textsPerRequest = 1024;

/** `source` is the text of a `tokenizer.json`. Rejects with the reason if the native binary or the text cannot be loaded. */
export async function loadNativeBackend(source: string): Promise<TokenizerBackend> {
  const answers = new Int32Array(new SharedArrayBuffer(4));
  const { port1: port, port2: workerPort } = new MessageChannel();
  const workerData: NativeWorkerData = {
    module: createRequire(import.meta.url).resolve("tokenizers"),
    source,
    port: workerPort,
    answers: answers.buffer,
  };
  assertThreadRoom("The thread that a tokenizer runs in");
  const worker = new Worker(nativeWorkerSource, { eval: true, execArgv: [], workerData, transferList: [workerPort] });
  await once(worker, "message"); // "ready"; rejects with the worker's error
  worker.unref();
  const ask = askThrough(port, answers);
  return {
    name: "native",
    encode: (texts) => {
      const parts: Int32Array[][] = [];
      for (let start = 0; start < texts.length; start += textsPerRequest) {
        parts.push(ask({ kind: "encode", texts: texts.slice(start, start + textsPerRequest) }) as Int32Array[]);
      }
      return parts.flat();
    },
    encodeWithSpecials: (text, pair) => ask({ kind: "encodeWithSpecials", text, pair }) as EncodedWithSpecials,
    decode: (ids, skipSpecialTokens) => ask({ kind: "decode", ids, skipSpecialTokens }) as string,
  };
}

/** A function that sends a request and sleeps until its answer is there. */
function askThrough(port: MessagePort, answers: Int32Array): (message: NativeRequest) => unknown {
  let requests = 0;
  return (message) => {
    const request = ++requests;
    port.postMessage({ request, message });
    for (;;) {
      const seen = Atomics.load(answers, 0);
      const received = receiveMessageOnPort(port) as { message: NativeAnswer } | undefined;
      if (received === undefined) {
        Atomics.wait(answers, 0, seen);
        continue;
      }
      const answer = received.message;
      if (answer.request !== request) continue; // left over from a call that was interrupted
      if (answer.error !== undefined) throw new ThawError("BAD_TOKENIZER", `The tokenizer failed: ${answer.error}.`);
      return answer.result;
    }
  };
}
