/** Trains in a real kernel, stops it, restarts it and runs the same cells again, until the run has come to its end. */
import { readdirSync } from "node:fs";
import { goldenPath } from "../../golden/read.ts";
import { temporaryFolder } from "../../temporary.ts";
import { Client, errorText, result } from "../client.ts";

const cells = (outputDir: string) => [
  `
import { AutoModelForSequenceClassification, AutoTokenizer, TextDataset, Trainer } from "thaw";
const model = await AutoModelForSequenceClassification.fromPretrained(${JSON.stringify(goldenPath("bert-tiny-base"))}, { numLabels: 2, seed: 1 });
const tokenizer = await AutoTokenizer.fromPretrained(${JSON.stringify(goldenPath("bert-tiny"))});
const letters = (from: number) => Array.from({ length: 64 }, (_, i) => ({
  text: Array.from({ length: 2 + (i * 7) % 9 }, (_, j) => String.fromCharCode(97 + (i % 2 ? 13 : 0) + (i * from + j * 5) % 13)).join(" "),
  label: i % 2 ? "late" : "early",
}));
const [trainDataset, evalDataset] = [3, 11].map((from) => TextDataset.fromRows(letters(from), { text: "text", label: "label" }));
const trainer = new Trainer({
  model, tokenizer, trainDataset, evalDataset,
  args: { outputDir: ${JSON.stringify(outputDir)}, perDeviceTrainBatchSize: 4, saveStrategy: "epoch", saveTotalLimit: 2, learningRate: 1e-3 },
  stages: [{ train: "head", epochs: 4 }, { train: ["head", { lastLayers: 1 }], epochs: 4 }, { train: "all", epochs: 4 }],
});`,
  "const run = await trainer.train({ resumeFromCheckpoint: true });",
  "JSON.stringify({ end: run.record.weights.end, losses: run.history.map(({ loss, evalLoss }) => [loss, evalLoss]), chain: run.record.hashChain })",
];

/** How a run in kernels ended. */
interface Ended {
  /** Its weights, losses and hash chain, as JSON. */
  readonly outcome: string;
  /** Number of kernels that were stopped on the way. */
  readonly stops: number;
  /** Names in the output folder that belong to no checkpoint or log. */
  readonly leftOver: readonly string[];
}

/**
 * Runs the cells in one kernel after the other: each is stopped after a random time within its training and shut down, until
 * one comes to the end, however slow the machine is: the first does without `stopMs`, and any does after `mostStops`.
 */
export async function trainInKernels(node: string, stopMs?: () => number, mostStops = 4): Promise<Ended> {
  const outputDir = temporaryFolder();
  const [prepare, train, ask] = cells(outputDir) as [string, string, string];
  for (let stops = 0; ; ) {
    const client = await Client.start({ node });
    try {
      const prepared = errorText(await client.execute(prepare));
      if (prepared !== "") throw new Error(prepared);
      const running = client.finish(client.start(train), 120_000);
      running.catch(() => {}); // an error is thrown where it is awaited
      if (stopMs !== undefined && stops < mostStops) {
        await new Promise((resolve) => setTimeout(resolve, stopMs()));
        await client.request("interrupt_request", {}, "control");
      }
      const { reply } = await running;
      if (reply.content.status === "ok") {
        const outcome = String(result(await client.execute(ask)));
        const leftOver = readdirSync(outputDir).filter((name) => !/^(checkpoint-\d+|history\.jsonl)$/.test(name));
        return { outcome, stops, leftOver };
      }
      if (reply.content.ename !== "KeyboardInterrupt" && !/interrupt|stop/i.test(String(reply.content.evalue))) {
        throw new Error(`${reply.content.ename}: ${reply.content.evalue}`);
      }
      stops += 1;
    } finally {
      await client.stop();
    }
  }
}
