/** The checkpoints of a run in its output folder: they are written one after the other, counted, and found again. */
import { listed } from "../display/listed.ts";
import { ThawError } from "../errors.ts";
import {
  basename,
  dirname,
  expandHome,
  isSystemError,
  join,
  namesIn,
  operations,
  removeTree,
  resolve,
  stateOf,
} from "../platform/files.ts";
import { disown, ownedName, sweep } from "../platform/owner.ts";
import { manifestName, readManifest } from "../platform/savedFiles.ts";
import { newPrefix, saveFolder } from "../platform/saveFolder.ts";
import {
  CheckpointFiles,
  Damage,
  lookAtCheckpoint,
  namePrefix,
  type OpenCheckpoint,
  type SharedFile,
  type Snapshot,
  sharedFiles,
} from "./checkpoint.ts";
import type { Fingerprint } from "./weights.ts";

const oldPrefix = ".thaw-old-";

/** Saves that may still be going on, also those of runs that have ended. */
const pending = new Set<Promise<string>>();

/** Waits until this process writes no checkpoint any more. */
export async function settledSaves(): Promise<void> {
  await Promise.allSettled([...pending]);
}

/** Writes the checkpoints of one run. */
export class CheckpointWriter {
  /** The folder that the checkpoints are in. */
  readonly folder: string;
  readonly #limit: number | undefined;
  /** The checkpoint that the run went on from. */
  readonly #from: string | undefined;
  #shared: ReadonlyMap<string, SharedFile>;
  /** Names of the run's checkpoints, oldest first. */
  readonly #saved: string[];
  #latest: { readonly step: number; readonly done: Promise<string> } | undefined;
  #notices: string[] = [];

  /** `limit` is the number of checkpoints that are kept; `from` is the checkpoint that the run goes on from. */
  constructor(folder: string, limit: number | undefined, from: OpenCheckpoint | undefined) {
    this.folder = expandHome(folder);
    this.#limit = limit;
    const isHere = from !== undefined && dirname(resolve(from.folder)) === resolve(this.folder);
    this.#from = isHere ? basename(from.folder) : undefined;
    this.#shared = from?.shared ?? new Map();
    this.#saved = isHere ? [...from.state.earlier, basename(from.folder)] : [];
  }

  /** Names of the run's checkpoints, oldest first. */
  get saved(): readonly string[] {
    return [...this.#saved];
  }

  /** Returns sentences about old checkpoints that could not be deleted, each once. */
  takeNotices(): readonly string[] {
    const notices = this.#notices;
    this.#notices = [];
    return notices;
  }

  /** The save of this step, done or going on; undefined if the latest save is of another step, or has failed. */
  savingOf(step: number): Promise<string> | undefined {
    return this.#latest?.step === step ? this.#latest.done : undefined;
  }

  /** Writes a checkpoint and frees its snapshot; resolves to its folder. Errors: `WRITE_FAILED`. */
  save(snapshot: Snapshot): Promise<string> {
    const before = this.#latest?.done.catch(() => undefined);
    const done = Promise.resolve(before)
      .then(() => this.#save(snapshot))
      .finally(() => {
        snapshot.dispose();
        pending.delete(done);
      });
    pending.add(done);
    const latest = { step: snapshot.step, done };
    this.#latest = latest;
    // whoever waits for a failed save hears of it; it is none to share, so that the next request tries again
    done.catch(() => {
      if (this.#latest === latest) this.#latest = undefined;
    });
    return done;
  }

  async #save(snapshot: Snapshot): Promise<string> {
    const name = `${namePrefix}${snapshot.step}`;
    const folder = join(this.folder, name);
    let shared: CheckpointFiles["shared"] = new Map();
    const isNew = await stateOf(folder).then(
      (found) => found === undefined,
      () => false,
    );
    try {
      await saveFolder(folder, { part: "checkpoint", bytes: snapshot.bytes }, (staging) => {
        const files = new CheckpointFiles(staging, this.#shared);
        shared = files.shared;
        return snapshot.write(files);
      });
    } catch (error) {
      // It is there all the same where only its name could not be brought to the disk.
      if (isNew && (await stateOf(folder).catch(() => undefined)) !== undefined) this.#add(name);
      throw error;
    }
    const manifest = await readManifest(folder).catch(() => undefined); // the next one then shares with an earlier one
    if (manifest !== undefined) this.#shared = sharedFiles(folder, manifest, Object.fromEntries(shared));
    this.#add(name);
    await this.#retain(snapshot.bestStep);
    return folder;
  }

  /** Counts a checkpoint as the newest. */
  #add(name: string): void {
    if (this.#saved.includes(name)) this.#saved.splice(this.#saved.indexOf(name), 1);
    this.#saved.push(name);
  }

  /**
   * Deletes the oldest beyond the limit: never the newest, that of the best evaluation, the one that the run went on from, or one
   * that has other files in it as well.
   */
  async #retain(bestStep: number | undefined): Promise<void> {
    await sweep(this.folder, oldPrefix);
    if (this.#limit === undefined) return;
    for (const name of [...this.#saved]) {
      const isGone = await stateOf(join(this.folder, name)).then(
        (found) => found === undefined,
        () => false,
      );
      if (isGone) this.#saved.splice(this.#saved.indexOf(name), 1); // deleted after the checkpoint that lists it was saved
    }
    const stays = new Set([this.#saved.at(-1), `${namePrefix}${bestStep}`, this.#from]);
    for (const name of this.#saved.filter((each) => !stays.has(each))) {
      if (this.#saved.length <= this.#limit) return;
      try {
        await removeCheckpoint(this.folder, name);
        this.#saved.splice(this.#saved.indexOf(name), 1);
      } catch (error) {
        const reason = error instanceof Error ? error.message : error;
        this.#notices.push(
          `${join(this.folder, name)} could not be deleted (${reason}): it stays until a later checkpoint is saved.`,
        );
      }
    }
  }
}

/** Removes a checkpoint so that at no time a part of it stands under its name. Throws an Error if other files are in it. */
async function removeCheckpoint(folder: string, name: string): Promise<void> {
  const own = new Set(Object.keys((await readManifest(join(folder, name)))?.files ?? {})).add(manifestName);
  const other = (await namesIn(join(folder, name))).filter((each) => !own.has(each) && !each.startsWith(".thaw-"));
  if (other.length > 0) throw new Error(`the run has not written ${listed(other)} in it`);
  const old = join(folder, ownedName(oldPrefix));
  try {
    await operations.rename(join(folder, name), old);
    await removeTree(old).catch(() => {}); // what is left is swept at the next save
  } catch (error) {
    if (!isSystemError(error, "ENOENT")) throw error; // ENOENT: somebody else has removed it
  } finally {
    disown(old);
  }
}

/** Removes from a folder what processes that were killed while they saved or deleted checkpoints have left there. */
export async function sweepCheckpoints(folder: string): Promise<void> {
  for (const prefix of [newPrefix, oldPrefix]) await sweep(folder, prefix);
}

/** The checkpoint of a folder that a run goes on from, and sentences about damaged ones. */
export interface FoundCheckpoint {
  readonly checkpoint: OpenCheckpoint;
  readonly notices: readonly string[];
}

/** Describes the damage to a checkpoint from which a run goes on all the same. */
export function damageNotices({ folder, damagedFiles }: OpenCheckpoint): string[] {
  return damagedFiles.map((name) => `${join(folder, name)} is missing or damaged; the run goes on without it.`);
}

/**
 * Finds the newest whole checkpoint in a folder; undefined if there is none at all. Where none is whole, it is the newest that
 * has everything that a run needs, as after damage to a file that all of them share. `has`: as for `openCheckpoint`. Errors:
 * `CHECKPOINT_DAMAGED` if there are checkpoints, and none can be used.
 */
export async function findCheckpoint(
  folder: string,
  has: (hashes: Fingerprint) => boolean,
): Promise<FoundCheckpoint | undefined> {
  const stepOf = (name: string) => Number(name.slice(namePrefix.length));
  const names = (await namesIn(folder)).filter((name) => /^checkpoint-\d+$/.test(name));
  const passedOver: string[] = [];
  let usable: FoundCheckpoint | undefined;
  for (const name of names.sort((a, b) => stepOf(b) - stepOf(a))) {
    const checkpoint = await lookAtCheckpoint(join(folder, name), has);
    if (checkpoint instanceof Damage) {
      passedOver.push(`Passed over: ${checkpoint.message}`);
      continue;
    }
    const { damagedFiles } = checkpoint;
    if (damagedFiles.length === 0) return { checkpoint, notices: passedOver };
    usable ??= { checkpoint, notices: [...passedOver, ...damageNotices(checkpoint)] };
    const are = damagedFiles.length === 1 ? "is" : "are";
    passedOver.push(`Passed over: ${join(folder, name)}, in which ${listed(damagedFiles)} ${are} missing or damaged.`);
  }
  if (names.length === 0 || usable !== undefined) return usable;
  throw new ThawError(
    "CHECKPOINT_DAMAGED",
    `None of the ${names.length} checkpoints in ${folder} is whole. ${passedOver.join(" ")} Remove them and train anew.`,
  );
}
