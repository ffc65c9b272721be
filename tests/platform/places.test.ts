/** Places that are no ordinary folders: links, the working folder, mount points, disks that are full, what others own. */
import { execFileSync, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { checkTarget } from "../../src/platform/saveFolder.ts";
import { ensureBuilt } from "../built.ts";
import { withFaults } from "./faults.ts";
import { after, before, read, restsIn, save, treeOf } from "./world.ts";

await ensureBuilt();

let root = "";
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "thaw-places-")));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(root, { recursive: true, force: true });
});
const isRoot = process.getuid?.() === 0;
const at = (...parts: string[]) => join(root, ...parts);

describe("folders that are more than a folder", () => {
  test("the working folder stays the same folder, so that no process in it is lost", async () => {
    mkdirSync(at("work"));
    writeFileSync(at("work", "notes.txt"), "mine");
    const { ino } = statSync(at("work"));
    const home = process.cwd();
    process.chdir(at("work"));
    try {
      for (const files of [before, after]) await save(".", files);
      expect(process.cwd()).toBe(at("work"));
      writeFileSync("written.txt", "still the same folder");
    } finally {
      process.chdir(home);
    }
    expect(statSync(at("work")).ino).toBe(ino);
    expect(treeOf(at("work"))).toEqual({ ...after, "notes.txt": "mine", "written.txt": "still the same folder" });
  });

  test.each([
    ["absolute", (to: string) => to],
    ["relative", () => "../disk/store"],
    ["to another link", () => "../second"],
  ])("a link to a folder stays one, and the folder behind it gets the files: %s", async (_, target) => {
    mkdirSync(at("disk", "store"), { recursive: true });
    mkdirSync(at("runs"));
    symlinkSync("disk/store", at("second"));
    symlinkSync(target(at("disk", "store")), at("runs", "model"));
    for (const files of [before, after]) await save(at("runs", "model"), files);
    expect(lstatSync(at("runs", "model")).isSymbolicLink()).toBe(true);
    expect(treeOf(at("disk", "store"))).toEqual(after);
    expect(restsIn(root)).toEqual([]);
  });

  test("a file that is a link to elsewhere is replaced itself, and what it leads to is not touched", async () => {
    mkdirSync(at("model"));
    writeFileSync(at("elsewhere"), "theirs");
    symlinkSync(at("elsewhere"), at("model", "config.json"));
    await save(at("model"), before);
    expect([readFileSync(at("elsewhere"), "utf8"), treeOf(at("model"))]).toEqual(["theirs", before]);
  });

  test("~/ is the home folder, as where models are loaded", async () => {
    vi.stubEnv("HOME", root);
    expect(checkTarget("~/models/new").path).toBe(at("models", "new"));
    vi.unstubAllEnvs();
  });
});

describe("what is no place to save to is told at once, and nothing is done", () => {
  test.each<[string, () => string, RegExp]>([
    [
      "a file",
      () => at("file"),
      /it is a file, and a folder is needed there\. Save under another name\. Nothing was done/,
    ],
    ["below a file", () => at("file", "a", "b"), /\/file is a file, and a folder is needed there/],
    [
      "a link to nothing",
      () => at("dangling"),
      /it is a link to nowhere, which leads nowhere\. Mend or remove the link/,
    ],
    ["below a link to nothing", () => at("dangling", "model"), /\/dangling is a link to nowhere/],
    ["a link to itself", () => at("loop"), /it is a link to loop, which leads nowhere/],
    ["a link to a file", () => at("toFile"), /it is a file/],
    ["a name that is too long", () => at("x".repeat(300)), /ENAMETOOLONG/],
    ["a NUL character", () => at("a\0b"), /null bytes/],
  ])("%s", async (_, place, message) => {
    writeFileSync(at("file"), "theirs");
    symlinkSync("nowhere", at("dangling"));
    symlinkSync("loop", at("loop"));
    symlinkSync("file", at("toFile"));
    const seen = treeOf.bind(undefined, root);
    expect(() => checkTarget(place())).toThrow(expect.objectContaining({ code: "WRITE_FAILED" }));
    expect(() => checkTarget(place())).toThrow(message);
    const { calls, error } = await withFaults(() => save(place(), before));
    expect(String(error)).toMatch(message);
    expect(calls.filter(({ name }) => !/^(read|lstat)/.test(name))).toEqual([]);
    rmSync(at("dangling"));
    rmSync(at("loop"));
    expect(seen()).toEqual({ file: "theirs", toFile: "theirs" });
  });

  test("no name at all", () => {
    for (const name of ["", undefined, 7]) {
      expect(() => checkTarget(name as string)).toThrow(/"\." is the working folder/);
    }
  });

  test.each<[string, () => void, RegExp]>([
    [
      "a folder at the name of a file",
      () => mkdirSync(at("model", "config.json")),
      /"config\.json" in it is not a file/,
    ],
    ["a file at the name of a folder", () => writeFileSync(at("model", "deep"), ""), /"deep" in it is no folder/],
    ["a link at the name of a folder", () => symlinkSync(root, at("model", "deep")), /"deep" in it is a link/],
    [
      "a file of another model that readers would mix in",
      () => writeFileSync(at("model", "added_tokens.json"), "{}"),
      /added_tokens\.json there was not written by Thaw, and would be read as a part of this model/,
    ],
  ])("%s", async (_, make, message) => {
    mkdirSync(at("model"));
    make();
    const found = treeOf(root);
    const saving = save(at("model"), after, { mayNotStandBeside: ["added_tokens.json", "vocab.txt"] });
    await expect(saving).rejects.toThrow(message);
    await expect(save(at("model"), after, { mayNotStandBeside: ["added_tokens.json"] })).rejects.toThrow(
      /is unchanged/,
    );
    expect([treeOf(root), restsIn(root)]).toEqual([found, []]);
  });

  test("the advice about a file of another model helps", async () => {
    mkdirSync(at("model"));
    writeFileSync(at("model", "added_tokens.json"), "{}");
    const options = { mayNotStandBeside: ["added_tokens.json"] };
    const message = await save(at("model"), after, options).catch(({ message }: Error) => message);
    rmSync(/Remove (\S+), or save to another folder/.exec(String(message))?.[1] as string);
    await save(at("model"), after, options);
    expect(treeOf(at("model"))).toEqual(after);
  });

  test("more bytes than there are free: both are named, and nothing is written", async () => {
    const { calls, error } = await withFaults(() => save(at("runs", "model"), after, { bytes: 1e18 }));
    expect(String(error)).toMatch(/its disk is full.*: 1,000,000,000,000,000,000 bytes are needed, [\d,]+ are free\./);
    expect(calls.filter(({ name }) => name === "write" || name === "open")).toEqual([]);
    expect([existsSync(at("runs")), restsIn(root)]).toEqual([false, []]);
    expect(() => checkTarget(at("runs"), { bytes: 1e18 })).toThrow(/1,000,000,000,000,000,000 bytes are needed/);
  });
});

/** Another user, whom permissions stop: to root everything is open. */
const nobody = 65534;
const program = `
  import { saveFolder } from ${JSON.stringify(join(import.meta.dirname, "../../dist/src/platform/saveFolder.js"))};
  import { readFolder } from ${JSON.stringify(join(import.meta.dirname, "../../dist/src/platform/readFolder.js"))};
  import { readFileSync } from "node:fs";
  const [what, folder, bytes] = process.argv.slice(1);
  try {
    if (what === "read") console.log(await readFolder(folder, async (place) => readFileSync(place + "/config.json", "utf8")));
    else {
      await saveFolder(folder, { part: "model", bytes: 1000 }, async (staging) => {
        await staging.write("config.json", "theirs");
        return (await staging.write("model.safetensors", new Uint8Array(Number(bytes ?? 10)))).sha256;
      });
      console.log("saved");
    }
  } catch (error) { console.log(error.code + " " + error.message); }`;
function asNobody(...args: string[]): string {
  const options = { encoding: "utf8", ...(isRoot ? { uid: nobody, gid: nobody } : {}) } as const;
  return execFileSync(process.execPath, ["--input-type=module", "-e", program, ...args], options).trim();
}

/** What was cut off in this process becomes what a process has left that is dead: no system has this number. */
function orphan(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (name.startsWith(".thaw-save-"))
      renameSync(join(folder, name), join(folder, name.replace(/save-\d+/, "save-9999999999")));
  }
}

describe("what belongs to others", () => {
  beforeEach(() => chmodSync(root, 0o755));

  test("a folder is saved to where only it may be written, not the one above", () => {
    mkdirSync(at("closed", "model"), { recursive: true });
    writeFileSync(at("closed", "model", "config.json"), "old");
    chmodSync(at("closed", "model"), 0o777);
    chmodSync(at("closed"), 0o555);
    expect(asNobody("save", at("closed", "model"))).toBe("saved");
    expect(readFileSync(at("closed", "model", "config.json"), "utf8")).toBe("theirs");
    expect(restsIn(root)).toEqual([]);
    chmodSync(at("closed"), 0o755);
  });

  test("a folder that may not be written to is told before anything is done", () => {
    mkdirSync(at("closed"));
    chmodSync(at("closed"), 0o555);
    for (const place of [at("closed"), at("closed", "new")]) {
      expect(asNobody("save", place)).toMatch(
        /^WRITE_FAILED Cannot save to .*EACCES.* Make it writable .* Nothing was done\.$/,
      );
    }
    chmodSync(at("closed"), 0o755);
    expect(restsIn(root)).toEqual([]);
  });

  test("a folder whose names may not be asked for is read all the same", async () => {
    await save(at("model"), before);
    chmodSync(at("model"), 0o711);
    expect(asNobody("read", at("model"))).toBe(before["config.json"]);
  });

  test("a file of somebody else's that may not be moved leaves everything as it was", async () => {
    if (!isRoot) return expect(isRoot, "only root can make files of two users").toBe(false);
    mkdirSync(at("shared"));
    chmodSync(at("shared"), 0o1777); // as /tmp: everybody writes, nobody moves what is another's
    writeFileSync(at("shared", "config.json"), "root's");
    expect(asNobody("save", at("shared"))).toMatch(
      /^WRITE_FAILED .*(EPERM|EACCES).* What was there before is unchanged\./,
    );
    expect([treeOf(at("shared")), restsIn(root)]).toEqual([{ "config.json": "root's" }, []]);
  });

  test("a save that was cut off in a folder that may not be written to is read through links", async () => {
    mkdirSync(at("model"));
    await save(at("model"), before);
    let from = 0;
    await withFaults(
      () => save(at("model"), after),
      ({ index, name, path }) => {
        if (name === "rename" && path.endsWith("files/model.safetensors")) from = index;
        return from > 0 ? "gone" : undefined;
      },
    );
    expect(existsSync(at("model", "config.json"))).toBe(false);
    orphan(at("model"));
    chmodSync(at("model"), 0o555);
    expect(asNobody("read", at("model"))).toBe(after["config.json"]);
    expect(existsSync(at("model", "config.json"))).toBe(false); // nothing was done there
    chmodSync(at("model"), 0o755);
    expect(await read(at("model"))).toEqual(after);
  });
});

/** A disk of its own, of so many bytes and files; needs root. */
const canMount =
  isRoot && spawnSync("sh", ["-c", "d=$(mktemp -d) && mount -t tmpfs none $d && umount $d && rmdir $d"]).status === 0;
const mounted = (path: string, options: string) => {
  mkdirSync(path, { recursive: true });
  execFileSync("mount", ["-t", "tmpfs", "-o", options, "none", path]);
};

describe.skipIf(!canMount)("disks (skipped where this user may mount none)", () => {
  afterEach(() => {
    for (const path of [at("disk"), at("disk", "model", "deep")]) spawnSync("umount", ["-l", path]);
  });

  test("a mount point is saved to", async () => {
    mounted(at("disk"), "size=1m");
    writeFileSync(at("disk", "notes.txt"), "mine");
    for (const files of [before, after]) await save(at("disk"), files);
    expect(treeOf(at("disk"))).toEqual({ ...after, "notes.txt": "mine" });
    expect(restsIn(root)).toEqual([]);
  });

  test("a folder within it that lies on another disk is told, and everything stays", async () => {
    mkdirSync(at("disk", "model"), { recursive: true });
    await save(at("disk", "model"), before);
    mounted(at("disk", "model", "deep"), "size=1m");
    await expect(save(at("disk", "model"), after)).rejects.toThrow(/"deep" in it is on another disk.*unchanged/);
    expect(treeOf(at("disk", "model"))).toEqual(before);
  });

  test("a disk that is too small is told before anything is written, in bytes needed and free", async () => {
    mounted(at("disk"), "size=64k");
    await save(at("disk", "model"), before);
    const big = { ...after, "model.safetensors": "x".repeat(200_000) };
    await expect(save(at("disk", "model"), big)).rejects.toThrow(
      /\/model: its disk is full.*: 200,\d\d\d bytes are needed, [1-6]?\d,\d\d\d are free\. What was there before is unchanged\./,
    );
    expect([treeOf(at("disk", "model")), restsIn(root)]).toEqual([before, []]);
  });

  test("a disk that fills up in the middle leaves the old folder and no rest", async () => {
    mounted(at("disk"), "size=64k");
    await save(at("disk", "model"), before);
    const big = { ...after, "model.safetensors": "x".repeat(200_000) };
    await expect(save(at("disk", "model"), big, { bytes: 0 })).rejects.toThrow(/its disk is full.*are free.*unchanged/);
    expect([treeOf(at("disk", "model")), restsIn(root)]).toEqual([before, []]);
  });

  test("a disk that takes no more files leaves the old folder and no rest", async () => {
    mounted(at("disk"), "size=1m,nr_inodes=12");
    await save(at("disk", "model"), { "config.json": "a", "model.safetensors": "b" });
    const many = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`${i}.json`, "x"]));
    await expect(save(at("disk", "model"), many)).rejects.toThrow(/its disk is full.*unchanged/);
    expect(treeOf(at("disk", "model"))).toEqual({ "config.json": "a", "model.safetensors": "b" });
    expect(restsIn(root)).toEqual([]);
  });

  test("on a disk that is mounted read-only a save that was cut off is read through links", async () => {
    mounted(at("disk"), "size=1m");
    await save(at("disk", "model"), before);
    await withFaults(
      () => save(at("disk", "model"), after),
      ({ name, path }) => (name === "rename" && path.endsWith("files/config.json") ? "gone" : undefined),
    );
    execFileSync("mount", ["-o", "remount,ro", at("disk")]);
    expect(existsSync(at("disk", "model", "config.json"))).toBe(false);
    expect(await read(at("disk", "model"))).toEqual(after);
    await expect(save(at("disk", "model"), before)).rejects.toThrow(/EROFS|read-only/);
    execFileSync("mount", ["-o", "remount,rw", at("disk")]);
    expect(await read(at("disk", "model"))).toEqual(after);
    expect(restsIn(root)).toEqual([]);
  });
});

test("a limit on the size of files is named, and leaves the old folder and no rest", async () => {
  await save(at("model"), before);
  chmodSync(root, 0o755);
  const { stdout } = spawnSync(
    "sh",
    [
      "-c",
      'ulimit -f 100 && exec "$0" --input-type=module -e "$1" save "$2" 200000',
      process.execPath,
      program,
      at("model"),
    ],
    { encoding: "utf8" },
  );
  expect(stdout).toMatch(
    /^WRITE_FAILED .*EFBIG.* Files may not grow beyond a limit .* What was there before is unchanged\. Raise the limit/,
  );
  expect([treeOf(at("model")), restsIn(root)]).toEqual([before, []]);
});
