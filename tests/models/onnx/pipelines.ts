/** Exported folders in `@xenova/transformers`, in Node and in Chromium. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { env, pipeline } from "@xenova/transformers";
import { resultOfPage } from "./chromium.ts";

export interface Classified {
  /** Of each text, the most probable label first. */
  readonly answers: readonly (readonly { readonly label: string; readonly score: number }[])[];
  /** `[texts][labels]`, in the order of the config. */
  readonly logits: readonly (readonly number[])[];
}

export interface ClassifyOptions {
  readonly quantized: boolean;
  /** Texts that are padded to one length. Default: all. */
  readonly batchSize?: number;
  /** What the config calls the model, where its own name is unknown. Default: its own. */
  readonly modelType?: string;
}

interface Pipe {
  (texts: readonly string[], options: { topk: number }): Promise<unknown>;
  readonly tokenizer: (texts: readonly string[], options: object) => unknown;
  readonly model: (inputs: unknown) => Promise<{ logits: { tolist(): number[][] } }>;
}

/** The same lines run in the page, so it may use nothing from outside. */
async function classifyWith(pipe: Pipe, texts: readonly string[], labels: number, size: number): Promise<Classified> {
  const [answers, logits]: [unknown[], number[][]] = [[], []];
  for (let first = 0; first < texts.length; first += size) {
    const some = texts.slice(first, first + size);
    answers.push(...((await pipe(some, { topk: labels })) as unknown[]));
    const inputs = pipe.tokenizer(some, { padding: true, truncation: true });
    logits.push(...(await pipe.model(inputs)).logits.tolist());
  }
  return { answers: answers as Classified["answers"], logits };
}

export async function classifyInNode(
  folder: string,
  texts: readonly string[],
  labels: number,
  { quantized, batchSize = texts.length, modelType }: ClassifyOptions,
): Promise<Classified> {
  Object.assign(env, { allowRemoteModels: false, localModelPath: dirname(folder) });
  const config = configOf(folder, modelType);
  const pipe = await pipeline("text-classification", basename(folder), { quantized, config });
  return classifyWith(pipe as unknown as Pipe, texts, labels, batchSize).finally(() => pipe.dispose());
}

/** What is said of another name in the message of `exportOnnx`. */
function configOf(folder: string, modelType: string | undefined) {
  if (modelType === undefined) return null;
  return { ...JSON.parse(readFileSync(join(folder, "config.json"), "utf8")), model_type: modelType };
}

/** The folder in which the script for browsers and its WebAssembly are. */
export const browserScripts = dirname(
  createRequire(import.meta.url).resolve("@xenova/transformers/dist/transformers.min.js"),
);

export async function classifyInChromium(
  folder: string,
  texts: readonly string[],
  labels: number,
  { quantized, batchSize = texts.length, modelType }: ClassifyOptions,
  timeout?: number,
): Promise<Classified> {
  const options = JSON.stringify({ quantized, config: configOf(folder, modelType) });
  const html = `<!doctype html><script type="module">
    const send = (value) => fetch("/result", { method: "POST", body: JSON.stringify(value) });
    try {
      const { env, pipeline } = await import("/scripts/transformers.min.js");
      Object.assign(env, { allowRemoteModels: false, localModelPath: "/models/", useBrowserCache: false });
      Object.assign(env.backends.onnx.wasm, { wasmPaths: "/scripts/", numThreads: 1 });
      const pipe = await pipeline("text-classification", ${JSON.stringify(basename(folder))}, ${options});
      ${classifyWith.toString()}
      send(await classifyWith(pipe, ${JSON.stringify(texts)}, ${labels}, ${batchSize}));
    } catch (error) {
      send({ error: String(error?.stack ?? error) });
    }
  </script>`;
  const folders = { models: dirname(folder), scripts: browserScripts };
  return (await resultOfPage({ folders, page: { html }, ...(timeout === undefined ? {} : { timeout }) })) as Classified;
}
