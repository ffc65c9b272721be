/** Goal 27: Python and this library share one cache, both ways; eight processes download at once, and some are killed. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { cacheRoot } from "../../src/hub/cache.ts";
import { pythonOfGoldens } from "../golden/pythonOfGoldens.ts";
import { goldenPath } from "../golden/read.ts";
import { commit, etagOf, type LoopbackHub, sha256, startHub } from "../hub/loopbackHub.ts";
import { inHome, makeHome, tokenSettings } from "../hub/tokenSettings.ts";

const run = promisify(execFile);
const id = "org/name";
const weights = Buffer.from(Uint32Array.from({ length: 500_000 }, (_, i) => Math.imul(i + 1, 2_654_435_761)).buffer);
const files = new Map<string, string | Buffer>([
  ["config.json", '{"model_type":"bert"}'],
  ["model.safetensors", weights],
  ["tokenizer.json", "{}"],
]);
const built = fileURLToPath(new URL("../../dist/src/hub/resolveModel.js", import.meta.url));
const program = `import { resolveModel } from ${JSON.stringify(built)}; console.info = () => {}; console.log(await resolveModel(${JSON.stringify(id)}));`;

let folder = "";
let hub: LoopbackHub;
let env: NodeJS.ProcessEnv;
beforeEach(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "thaw-shared-")));
  hub = await startHub(id, files, {
    fault: (_, count) => (count % 4 === 3 ? { cutAfter: 100_000 * (1 + (count % 17)) } : undefined),
  });
  env = {
    ...process.env,
    HF_HOME: folder,
    HF_HUB_CACHE: "",
    HF_ENDPOINT: hub.url,
    HF_HUB_OFFLINE: "",
    HF_TOKEN: "",
    THAW_HOME: join(folder, "thaw"),
  };
  delete env.HF_HUB_CACHE;
});
afterEach(async () => {
  await hub.close();
  rmSync(folder, { recursive: true });
});

const cache = () => join(folder, "hub", "models--org--name");
const snapshot = () => join(cache(), "snapshots", commit);
const thaw = async (more: NodeJS.ProcessEnv = {}) =>
  (await run(process.execPath, ["--input-type=module", "-e", program], { env: { ...env, ...more } })).stdout.trim();
const python = async (action: string) =>
  JSON.parse(
    (
      await run(pythonOfGoldens(), [goldenPath("hub_cache.py"), action, id], {
        env: { ...env, HF_HUB_DISABLE_XET: "1" },
      })
    ).stdout,
  );

test("what this library downloads, Python finds without the network", async () => {
  expect(await thaw()).toBe(snapshot());
  await hub.close();
  const found = await python("offline");
  expect(found.folder).toBe(snapshot());
  for (const [file, content] of files) {
    expect(found.files[file]).toBe(join(cache(), "blobs", etagOf(Buffer.from(content as string))));
  }
});

test("what Python downloads, this library finds without the network", async () => {
  expect((await python("download")).folder).toBe(snapshot());
  await hub.close();
  expect(await thaw({ HF_HUB_OFFLINE: "1" })).toBe(snapshot());
  expect(sha256(readFileSync(join(snapshot(), "model.safetensors")))).toBe(sha256(weights));
});

test.each(tokenSettings)("the token and the cache are those of Python: %s", async (_, setting, token) => {
  makeHome(folder);
  const { HF_HOME, HF_TOKEN, ...others } = env;
  env = { ...others, ...inHome(setting, folder) };
  expect(await python("token")).toEqual({ token: token ?? null, cache: cacheRoot(env).replace(homedir(), folder) });
});

test("eight processes at once, in 10 rounds, end in the same right files", async () => {
  for (let round = 0; round < 10; round++) {
    rmSync(cache(), { recursive: true, force: true });
    expect(new Set(await Promise.all(Array.from({ length: 8 }, () => thaw())))).toEqual(new Set([snapshot()]));
    expect(sha256(readFileSync(join(snapshot(), "model.safetensors")))).toBe(sha256(weights));
    expect(readdirSync(join(cache(), "blobs"))).toHaveLength(3);
  }
});

test("a process that is killed at any of 50 moments leaves no bad file, and the next one ends", async () => {
  for (let round = 0; round < 50; round++) {
    rmSync(cache(), { recursive: true, force: true });
    const child = spawn(process.execPath, ["--input-type=module", "-e", program], { env, stdio: "ignore" });
    const closed = once(child, "close"); // asked for at once: it may end before it is killed
    await new Promise((done) => setTimeout(done, 40 + 7 * round));
    child.kill("SIGKILL");
    await closed;
    expect(await thaw()).toBe(snapshot());
    for (const [file, content] of files) {
      expect(sha256(readFileSync(join(snapshot(), file)))).toBe(sha256(Buffer.from(content as string)));
    }
  }
});
