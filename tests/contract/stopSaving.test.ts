/** Stop while a model is saved or exported: the folder is the old one, whole, and nothing else is left. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { goldenPath } from "../golden/read.ts";
import { Client, sleep } from "../kernel/client.ts";
import { temporaryFolder } from "../temporary.ts";

test("Stop in the middle of many saves and exports leaves whole folders and no rests, and the next save works", async () => {
  const folder = temporaryFolder();
  const client = await Client.start({ cwd: folder });
  try {
    const ready = await client.execute(
      `import { AutoModelForSequenceClassification, AutoTokenizer, exportOnnx, TextDataset, Trainer } from "thaw";
       const model = await AutoModelForSequenceClassification.fromPretrained(${JSON.stringify(goldenPath("bert-tiny"))}, { numLabels: 2 });
       const tokenizer = await AutoTokenizer.fromPretrained(${JSON.stringify(goldenPath("bert-tiny"))});
       const trainDataset = TextDataset.fromRows([{ text: "a", label: 0 }, { text: "b", label: 1 }]);
       const trainer = new Trainer({ model, tokenizer, trainDataset });
       await trainer.saveModel("model"); await exportOnnx("web", { model, tokenizer }); 7`,
    );
    expect(ready.reply.content.status).toBe("ok");
    const [model, web] = ["model", "web"].map((name) => readdirSync(join(folder, name)));
    for (let round = 0; round < 6; round++) {
      const code = 'for (;;) { await trainer.saveModel("model"); await exportOnnx("web", { model, tokenizer }); }';
      const running = client.send("execute_request", { code, silent: false, store_history: true, allow_stdin: false });
      await sleep(150 + 37 * round);
      await client.request("interrupt_request", {}, "control");
      expect((await client.reply(running)).content.status).toBe("error");
      // What was in the middle of a call tidies up behind the cell.
      await vi.waitFor(() => {
        expect(readdirSync(folder).sort()).toEqual(["model", "web"]);
        expect([readdirSync(join(folder, "model")), readdirSync(join(folder, "web"))]).toEqual([model, web]);
      }, 10_000);
    }
    const again = await client.execute('await trainer.saveModel("model"); "saved"');
    expect(again.reply.content.status).toBe("ok");
  } finally {
    await client.stop();
  }
});
