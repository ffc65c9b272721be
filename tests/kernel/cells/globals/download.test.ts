/** A model that is downloaded in a cell: one display, rewritten in place, and Stop. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { goldenPath } from "../../../golden/read.ts";
import { type LoopbackHub, startHub } from "../../../hub/loopbackHub.ts";
import { Client, errorText, type Run, result } from "../../client.ts";

const id = "org/name";
const files = ["config.json", "model.safetensors", "tokenizer.json"];
const load = `(await AutoTokenizer.fromPretrained("${id}"))("a text").inputIds.flat().length > 2`;

let client: Client;
let hub: LoopbackHub;
let folder = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "thaw-progress-"));
  hub = await startHub(id, new Map(files.map((file) => [file, readFileSync(goldenPath(`bert-tiny/${file}`))])), {
    fault: (file) => (file === "model.safetensors" ? { speed: 50_000 } : undefined),
  });
  client = await Client.start({
    env: {
      HF_ENDPOINT: hub.url,
      HF_HOME: folder,
      HF_HUB_CACHE: "",
      HF_HUB_OFFLINE: "",
      THAW_HOME: join(folder, "thaw"),
    },
  });
  expect(errorText(await client.execute('import { AutoTokenizer } from "thaw";'))).toBe("");
});
afterAll(async () => {
  await client.stop();
  await hub.close();
  rmSync(folder, { recursive: true });
});

const shown = ({ messages }: Run) =>
  messages
    .filter(({ header }) => /display_data$/.test(header.msg_type))
    .map(({ header, content }) => {
      const { data, transient } = content as { data: Record<string, string>; transient: { display_id: string } };
      return {
        type: header.msg_type,
        display: transient.display_id,
        text: data["text/plain"],
        html: data["text/html"],
      };
    });

test("Stop ends a download, and keeps what has come", async () => {
  const cell = client.start(load);
  const updates = () => client.iopub.filter(({ header }) => header.msg_type === "update_display_data").length;
  await client.until(() => updates() > 2 && hub.requests.some((request) => request.endsWith("model.safetensors")));
  const before = updates();
  await client.until(() => updates() > before); // on a loaded machine the small files alone take longer than two updates
  await client.request("interrupt_request", {}, "control");
  const run = await client.finish(cell);
  expect(errorText(run)).toMatch(/^KernelInterrupt/);
  expect(shown(run).at(-1)?.text).toMatch(/ \] Download of org\/name stopped$/);
  const left = readdirSync(join(folder, "hub/models--org--name/blobs")).filter((name) => name.endsWith(".incomplete"));
  expect(left).toHaveLength(1);
});

test("a download is one display, rewritten in place, and the second time there is none", async () => {
  const run = await client.execute(load);
  expect(errorText(run)).toBe("");
  expect(result(run)).toBe("true");
  const [first, ...updates] = shown(run);
  expect(first).toMatchObject({
    type: "display_data",
    html: expect.stringMatching(/Downloading org\/name.*<progress /),
  });
  expect(updates.length).toBeGreaterThan(2);
  for (const update of updates) expect(update).toMatchObject({ type: "update_display_data", display: first?.display });
  expect(updates.at(-2)?.text).toMatch(
    /^#+-* +\d+% \[ 0\.\d\/0\.\d MB 00:0\d < 00:0\d, \d+ kB\/s \] Downloading org\/name$/,
  );
  expect(updates.at(-1)?.text).toMatch(
    /^#{10} 100% \[ (.+)\/\1 MB 00:0\d \] Downloaded org\/name into .*models--org--name$/,
  );
  expect(run.messages.filter(({ header }) => header.msg_type === "stream")).toEqual([]);
  expect(hub.requests.filter((request) => request.endsWith("model.safetensors"))).toHaveLength(2);
  const again = await client.execute(load);
  expect(result(again)).toBe("true");
  expect(shown(again)).toEqual([]);
});
