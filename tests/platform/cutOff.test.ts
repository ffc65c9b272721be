/** Saves that end before they are done: stopped, of processes that died, of other machines, or changed by others since. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { disown, isAbandoned, ownedName, ownerOf } from "../../src/platform/owner.ts";
import { saveFolder } from "../../src/platform/saveFolder.ts";
import { withFaults } from "./faults.ts";
import { after, before, later, read, restsIn, save, treeOf } from "./world.ts";

let root = "";
let model = "";
beforeEach(() => {
  vi.spyOn(console, "info").mockImplementation(() => {});
  root = mkdtempSync(join(tmpdir(), "thaw-cut-off-"));
  model = join(root, "model");
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(root, { recursive: true, force: true });
});

/** Ends a save of `after` as if the process were gone when it moves the weights to their place. */
async function cutOff(): Promise<string> {
  await save(model, before);
  await withFaults(
    () => save(model, after),
    ({ name, path }) => (name === "rename" && path.endsWith("files/model.safetensors") ? "gone" : undefined),
  );
  const [claim] = readdirSync(model).filter((name) => name.startsWith(".thaw-save-"));
  expect(claim).toBeDefined();
  return join(model, claim as string);
}

describe("stopped", () => {
  test.each(["a folder that exists", "a new folder"])(
    "at any call: nothing is left of it, or all is there: %s",
    async (place) => {
      const reason = new Error("stopped by hand");
      const fresh = async () => {
        rmSync(model, { recursive: true, force: true });
        if (place !== "a new folder") await withFaults(() => save(model, before));
      };
      await fresh();
      const { calls } = await withFaults(() => save(model, after));
      const found = { stopped: 0, saved: 0 };
      for (let at = 0; at < calls.length; at++) {
        await fresh();
        const controller = new AbortController();
        const { error } = await withFaults(
          () => save(model, after, { signal: controller.signal }),
          ({ index }) => {
            if (index === at) controller.abort(reason);
            return undefined;
          },
        );
        if (error !== undefined) expect(error).toBe(reason);
        const seen = existsSync(model) ? treeOf(model) : {};
        expect(seen, `stopped at ${at}`).toEqual(error === undefined ? after : place === "a new folder" ? {} : before);
        expect(readdirSync(root), `stopped at ${at}`).toEqual(existsSync(model) ? ["model"] : []);
        expect(restsIn(root)).toEqual([]);
        found[error === undefined ? "saved" : "stopped"]++;
      }
      console.log(`${place}: stopped at each of ${calls.length} calls: ${JSON.stringify(found)}`);
      expect(Math.min(found.stopped, found.saved)).toBeGreaterThan(5);
    },
  );

  test("before it began, and while it waits for another", async () => {
    const controller = new AbortController();
    let isFilling = () => {};
    const started = new Promise<void>((resolve) => {
      isFilling = resolve;
    });
    let go = () => {};
    const first = saveFolder(mkdirSync(model, { recursive: true }) as string, { part: "model" }, async (staging) => {
      isFilling();
      await new Promise<void>((resolve) => {
        go = resolve;
      });
      return (await staging.write("model.safetensors", "1")).sha256;
    });
    await started;
    const waiting = save(model, after, { signal: controller.signal });
    await new Promise((resolve) => setTimeout(resolve, 50));
    controller.abort(new Error("stopped by hand"));
    await expect(waiting).rejects.toThrow("stopped by hand");
    go();
    await first;
    expect([treeOf(model), restsIn(root)]).toEqual([{ "model.safetensors": "1" }, []]);
    await expect(save(join(root, "x"), after, { signal: controller.signal })).rejects.toThrow("stopped by hand");
  });

  test("by force, so that none of its code runs any more: the next save need not wait for it", async () => {
    await save(model, before);
    const controller = new AbortController();
    void saveFolder(model, { part: "model", signal: controller.signal }, () => new Promise(() => {}));
    while (restsIn(root).length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    controller.abort();
    for (const rest of restsIn(root)) utimesSync(join(root, rest), new Date(), new Date(Date.now() - 6000));
    await save(model, after);
    expect([treeOf(model), restsIn(root)]).toEqual([after, []]);
  });
});

test("saves into one folder in one process come one after the other, each whole", async () => {
  await save(model, before);
  const trees = Array.from({ length: 6 }, (_, i) => ({
    "config.json": `${i}`,
    "model.safetensors": `${i}`,
    [`${i}.json`]: "",
  }));
  await Promise.all(trees.map((tree) => save(model, tree)));
  expect(trees).toContainEqual(treeOf(model));
  expect(restsIn(root)).toEqual([]);
});

test("saves to one new folder at the same time: it appears once, and then is saved to like any other", async () => {
  const trees = Array.from({ length: 4 }, (_, i) => ({
    "config.json": `${i}`,
    "model.safetensors": `${i}`,
    [`${i}.json`]: "",
  }));
  await Promise.all(trees.map((tree) => save(join(root, "a", "b"), tree)));
  expect(trees).toContainEqual(treeOf(join(root, "a", "b")));
  expect(restsIn(root)).toEqual([]);
});

describe("changed by something else since", () => {
  const unfinished = expect.objectContaining({ code: "UNFINISHED_SAVE" });
  const adviceOf = async () => {
    const error = await read(model).catch((cause: Error) => cause);
    expect(error).toEqual(unfinished);
    const [, claim, file] = /keep the folder as it is, remove (\S+); to have what was saved, remove (\S+)\. /.exec(
      (error as Error).message,
    ) as RegExpExecArray;
    return { claim: claim as string, file: file as string };
  };
  beforeEach(async () => {
    await cutOff();
    writeFileSync(join(model, "config.json"), "another program has saved here");
  });

  test("nobody decides which of the two is to stay: who opens and who saves are told", async () => {
    await expect(read(model)).rejects.toThrow(/config\.json there was changed by something else since/);
    await expect(save(model, later)).rejects.toEqual(unfinished);
    expect(readFileSync(join(model, "config.json"), "utf8")).toBe("another program has saved here");
  });

  test("the advice to keep the folder as it is works", async () => {
    rmSync((await adviceOf()).claim, { recursive: true });
    expect((await read(model))["config.json"]).toBe("another program has saved here");
    await save(model, later);
    expect(restsIn(root)).toEqual([]);
  });

  test("the advice to have what was saved works", async () => {
    rmSync((await adviceOf()).file);
    expect(await read(model)).toEqual(after);
    expect(restsIn(root)).toEqual([]);
  });
});

test("a file that is touched but is the one that it was is replaced: only other content counts", async () => {
  await save(model, before);
  await withFaults(
    () => save(model, after),
    ({ name, path }) => (name === "rename" && path.endsWith("model/tokenizer.json") ? "gone" : undefined),
  );
  renameSync(join(model, "model.safetensors"), join(root, "aside"));
  renameSync(join(root, "aside"), join(model, "model.safetensors"));
  expect(await read(model)).toEqual(after);
});

describe("journals that somebody else has written", () => {
  const claimOf = (content: string) => {
    mkdirSync(model);
    writeFileSync(join(model, "config.json"), "theirs");
    const claim = join(model, ".thaw-save-9999999999-1-00000000-00000000-0".replace("00000000", place()));
    mkdirSync(join(claim, "files"), { recursive: true });
    writeFileSync(join(claim, "journal.json"), content);
    writeFileSync(join(claim, "files", "x"), "hostile");
  };
  const place = () => ownedName("").split("-")[2] as string;
  const journal = (names: object) => JSON.stringify({ version: 1, places: [], replaces: {}, removes: {}, ...names });

  test.each([
    ["leads out of the folder", journal({ places: ["../outside"] })],
    [
      "leads out by the list of files to remove",
      journal({ removes: { "../outside": { bytes: 6, sha256: "0".repeat(64) } } }),
    ],
    ["has absolute names", journal({ places: ["/etc/hostname"] })],
    ["is no JSON", "{"],
    ["is of another version", JSON.stringify({ version: 2 })],
    ["has no lists", JSON.stringify({ version: 1 })],
  ])("one that %s is refused, and nothing is touched", async (_, content) => {
    claimOf(content);
    writeFileSync(join(root, "outside"), "theirs");
    for (const attempt of [() => read(model), () => save(model, after)]) {
      await expect(attempt()).rejects.toMatchObject({ code: "UNFINISHED_SAVE" });
    }
    expect(treeOf(root)).toEqual({ outside: "theirs", "model/config.json": "theirs" });
  });

  test("a link in the place of a claim is passed over", async () => {
    mkdirSync(model);
    mkdirSync(join(root, "theirs", "files"), { recursive: true });
    writeFileSync(join(root, "theirs", "journal.json"), journal({ places: ["x"] }));
    writeFileSync(join(root, "theirs", "files", "x"), "theirs");
    symlinkSync(join(root, "theirs"), join(model, `.thaw-save-9999999999-1-${place()}-00000000-0`));
    await save(model, after);
    expect(readFileSync(join(root, "theirs", "files", "x"), "utf8")).toBe("theirs");
  });
});

describe("whose a temporary file is", () => {
  const [own] = [ownedName("x-")];
  const parts = own.slice(2).split("-") as [string, string, string, string, string];
  const named = (changes: Partial<Record<0 | 1 | 2 | 3, string>>) =>
    `x-${Object.assign([...parts], changes).join("-")}`;

  test("this copy's, another thread's, another process's, another machine's, nobody's", async () => {
    const child = spawn("sleep", ["60"]);
    const closed = once(child, "close");
    const start = (pid: number) => readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[19] as string;
    const alive = { 0: String(child.pid), 1: process.platform === "linux" ? start(child.pid as number) : "0" };
    expect(ownerOf(own, "x-")).toBe("this");
    expect(ownerOf(named({ 3: "00000000" }), "x-")).toBe("unknown");
    expect(ownerOf(named(alive), "x-")).toBe("alive");
    expect(ownerOf(named({ 2: "00000000" }), "x-")).toBe("unknown");
    expect(ownerOf(named({ 0: "9999999999" }), "x-")).toBe("dead");
    expect(ownerOf(named({ 0: "0", 1: "0" }), "x-")).toBe("dead");
    if (process.platform === "linux") {
      expect(ownerOf(named({ ...alive, 1: "1" }), "x-")).toBe("dead"); // the number is another process's now
      expect(ownerOf(named({ 1: "1", 3: "00000000" }), "x-")).toBe("dead"); // this process has the number of a dead one
    }
    child.kill("SIGKILL");
    await closed;
    expect(ownerOf(named(alive), "x-")).toBe("dead");
    for (const name of ["x-", "x-1-2", "x-tmp-1-0", "notes.txt", own.slice(2), `${own}.txt`]) {
      expect(ownerOf(name, "x-"), name).toBe(undefined);
    }
  });

  test.runIf(process.platform === "linux")("a process that has ended and was not waited for is dead", async () => {
    // The shell starts a child, says its number, becomes another program, and never asks how the child has ended.
    const shell = spawn("sh", ["-c", "sleep 0.3 & echo $!; exec sleep 60"]);
    const [said] = await once(shell.stdout, "data");
    const pid = String(said).trim();
    while (!/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8")))
      await new Promise((resolve) => setTimeout(resolve, 5));
    const start = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[19] as string;
    expect(ownerOf(named({ 0: pid, 1: start }), "x-")).toBe("dead");
    shell.kill("SIGKILL");
  });

  test("what is not known to be dead counts as abandoned after ten minutes without a change", async () => {
    const name = named({ 2: "00000000" });
    mkdirSync(join(root, name));
    writeFileSync(join(root, name, "file"), "");
    const old = new Date(Date.now() - 11 * 60_000);
    utimesSync(join(root, name), old, old);
    expect(await isAbandoned(root, name, "x-")).toBe(false); // the file in it is new
    utimesSync(join(root, name, "file"), old, old);
    expect(await isAbandoned(root, name, "x-")).toBe(true);
    expect(await isAbandoned(root, own, "x-")).toBe(false);
    disown(own);
    expect(await isAbandoned(root, own, "x-")).toBe(true);
  });
});

test("a save waits for one of another machine as long as something changes in it, and then ends it", async () => {
  const claim = await cutOff();
  const theirs = claim.replace(/-[0-9a-f]{8}-/, "-00000000-");
  renameSync(claim, theirs);
  const controller = new AbortController();
  const waiting = save(model, later, { signal: controller.signal });
  await new Promise((resolve) => setTimeout(resolve, 1300));
  expect(console.info).toHaveBeenCalledWith(
    expect.stringMatching(/^Process \d+ is saving to .*\/model: waiting for it\.$/),
  );
  controller.abort(new Error("enough"));
  await expect(waiting).rejects.toThrow("enough");
  const old = new Date(Date.now() - 11 * 60_000);
  for (const path of [
    theirs,
    ...readdirSync(theirs, { recursive: true, encoding: "utf8" }).map((name) => join(theirs, name)),
  ]) {
    utimesSync(path, old, old);
  }
  expect(await read(model)).toEqual(after);
  await save(model, later);
  expect([treeOf(model), restsIn(root)]).toEqual([later, []]);
});
