/** For each test a folder with an empty cache in it, and a hub that the environment names; gone when the test is over. */
import { lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, vi } from "vitest";
import { commit, type HubOptions, type LoopbackHub, startHub } from "./loopbackHub.ts";

export const id = "org/name";
/** Content that no part of repeats, so that parts in the wrong place show. */
export const weights = Buffer.from(
  Uint32Array.from({ length: 50_000 }, (_, i) => Math.imul(i + 1, 2_654_435_761)).buffer,
);
export const model: ReadonlyMap<string, string | Buffer> = new Map<string, string | Buffer>([
  ["config.json", '{"model_type":"bert"}'],
  ["model.safetensors", weights],
  ["tokenizer.json", "{}"],
]);

export class ScratchHub {
  folder = "";
  #hub: LoopbackHub | undefined;

  constructor() {
    beforeEach(() => {
      this.folder = realpathSync(mkdtempSync(join(tmpdir(), "thaw-download-")));
      vi.stubEnv("THAW_HOME", join(this.folder, "thaw"));
      vi.stubEnv("HF_HUB_CACHE", this.cache);
      vi.stubEnv("HF_HUB_OFFLINE", "");
      vi.stubEnv("HF_HOME", this.folder);
      vi.stubEnv("HF_TOKEN", "");
      vi.spyOn(process.stderr, "write").mockReturnValue(true); // the bar
    });
    afterEach(async () => {
      await this.close();
      vi.unstubAllEnvs();
      vi.restoreAllMocks();
      rmSync(this.folder, { recursive: true });
    });
  }

  get cache(): string {
    return join(this.folder, "cache");
  }

  /** That of `org/name` in the cache. */
  get repository(): string {
    return join(this.cache, "models--org--name");
  }

  get blobs(): string {
    return join(this.repository, "blobs");
  }

  get snapshot(): string {
    return join(this.repository, "snapshots", commit);
  }

  get requests(): readonly string[] {
    return this.#hub?.requests ?? [];
  }

  get authorization(): readonly (string | undefined)[] {
    return this.#hub?.authorization ?? [];
  }

  /** A hub with these files in place of the one before. */
  async serve(files = model, options: HubOptions = {}): Promise<LoopbackHub> {
    await this.close();
    this.#hub = await startHub(id, files, options);
    vi.stubEnv("HF_ENDPOINT", this.#hub.url);
    return this.#hub;
  }

  async close(): Promise<void> {
    await this.#hub?.close();
    this.#hub = undefined;
  }

  clearCache(): void {
    rmSync(this.cache, { recursive: true, force: true });
  }

  /** Every file, link and folder but those in the cache, with its content and when that was last changed. */
  outside(): ReadonlyMap<string, string> {
    const paths = readdirSync(this.folder, { recursive: true, encoding: "utf8" })
      .map((name) => join(this.folder, name))
      .filter((path) => path !== this.cache && !path.startsWith(`${this.cache}/`));
    return new Map(
      paths.map((path) => {
        const entry = lstatSync(path);
        const content = entry.isSymbolicLink()
          ? readlinkSync(path)
          : entry.isFile()
            ? readFileSync(path, "latin1")
            : "";
        return [path, `${entry.mode} ${entry.mtimeMs} ${content}`];
      }),
    );
  }
}
