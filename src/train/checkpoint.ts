/**
 * A checkpoint is a folder `checkpoint-<step>` from which a run goes on bit for bit, and which `from_pretrained` of either
 * language opens as a model. It costs what has changed: weights that have not trained yet, the tokenizer and other
 * files that stay the same are written once per run, and later checkpoints have a second name (hard link) of them.
 */
import { ThawError } from "../errors.ts";
import { writeConfig } from "../models/config/configFile.ts";
import type { SequenceClassifier } from "../models/sequenceClassifier.ts";
import type { AdamW } from "../optim/adamW.ts";
import type { Content, FileRecord } from "../platform/atomicFile.ts";
import { basename, join, readFile, stateOf } from "../platform/files.ts";
import { readFolder } from "../platform/readFolder.ts";
import {
  isAsRecorded,
  isCanonical,
  type Manifest,
  manifestName,
  readManifest,
  type Staging,
} from "../platform/savedFiles.ts";
import { dataOf } from "../tensor/variable.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import { type NamedTensor, safetensorsContent } from "../weights/safetensors/write.ts";
import type { AlarmWatch, WatchState } from "./alarmWatch.ts";
import type { Progress } from "./epoch.ts";
import type { ChainState, HashChain } from "./hashChain.ts";
import type { RunIdentity } from "./runIdentity.ts";
import type { RecorderState, RunRecorder } from "./runRecorder.ts";
import { recordFiles } from "./saveModel.ts";
import type { EvidenceState, StageEvidenceCollector } from "./stageEvidence.ts";
import { combinedHash, type Fingerprint, type KeptWeights } from "./weights.ts";

/** Names of checkpoints begin so, and end with the number of optimizer steps. */
export const namePrefix = "checkpoint-";
/** Names of the files that no other program knows. */
export const fileNames = {
  state: "thaw_state.json",
  optimizer: "optimizer.safetensors",
  best: "best.safetensors",
  bestOfStage: "best_of_stage.safetensors",
} as const;

/** The place of the best weights: none are kept, the model has them itself, or a file of their own does. */
type BestPlace = "none" | "model" | "file";

/** Version of the format; another version is refused. */
const stateVersion = 1;

/** The content of `thaw_state.json`: everything but tensors that a run goes on from. */
export interface CheckpointState {
  readonly version: typeof stateVersion;
  /** The facts about the run that must be the same where it goes on. */
  readonly identity: RunIdentity;
  readonly progress: Progress;
  readonly recorder: RecorderState;
  readonly chain: ChainState;
  readonly watch: WatchState;
  /** The evidence collected in the present stage; null between two stages. */
  readonly evidence: EvidenceState | null;
  /** Number of steps of the optimizer, by the names of the parameters that have moments. */
  readonly optimizerSteps: Readonly<Record<string, number>>;
  readonly best: BestPlace;
  readonly bestOfStage: BestPlace;
  /** SHA-256 of all weights, computed as in `WeightsRecord`. */
  readonly weightsSha256: string;
  /** The files of weights, each with the names of its tensors. */
  readonly shards: readonly Shard[];
  /** The files whose content other checkpoints may share, by a key of the content. */
  readonly shared: Readonly<Record<string, string>>;
  /** Names of the run's earlier checkpoints, oldest first. */
  readonly earlier: readonly string[];
}

/** A file of weights. */
interface Shard {
  readonly file: string;
  readonly names: readonly string[];
  /** Whether none of the tensors has trained yet. */
  readonly isUntrained: boolean;
}

/** The parts of a run that a checkpoint is made of. */
interface SnapshotInput {
  readonly model: SequenceClassifier;
  readonly tokenizer: Tokenizer;
  readonly optimizer: AdamW;
  readonly recorder: RunRecorder;
  readonly chain: HashChain;
  readonly watch: AlarmWatch;
  readonly evidence: StageEvidenceCollector | undefined;
  readonly progress: Progress;
  readonly kept: KeptWeights | undefined;
  readonly keptOfStage: KeptWeights | undefined;
  readonly identity: RunIdentity;
  /** For each parameter that trains in any stage the index of the first. */
  readonly firstStages: ReadonlyMap<string, number>;
  readonly earlier: readonly string[];
}

/** A run at one point, held until it is written: training may go on, or the model be used for something else. */
export interface Snapshot {
  /** Number of optimizer steps taken. */
  readonly step: number;
  /** The step of the best evaluation so far. */
  readonly bestStep: number | undefined;
  /** Number of bytes of the tensors that are written anew. */
  readonly bytes: number;
  /** Writes the files; resolves to the SHA-256 of the weights. */
  readonly write: (files: CheckpointFiles) => Promise<string>;
  /** Frees what is held. */
  readonly dispose: () => void;
}

/**
 * Takes a snapshot of a run between two steps. It awaits nothing, and copies weights and moments only where they change
 * before they are written.
 */
export function takeSnapshot(input: SnapshotInput): Snapshot {
  const { model, tokenizer, optimizer, recorder, chain, kept, keptOfStage, identity, earlier } = input;
  const { step } = recorder;
  const progress = { ...input.progress };
  const trained = recorder.trained;
  const hashes = recorder.presentFingerprint();
  const weightsSha256 = combinedHash(hashes);
  const record = recorder.record(recorder.status("running"), hashes);
  const recorded = recorder.state();
  const [watch, evidence] = [input.watch.state, input.evidence?.state ?? null];
  const links = chain.state;
  const { config, textLimit } = model;
  const weights = [...model.parameters.values()].map(({ name, shape, variable }) => ({
    ...{ name, shape },
    tensor: variable.hold(),
  }));
  const moments = [...optimizer.state].flatMap(([name, { m, v }]) => [
    { name: `exp_avg.${name}`, shape: m.shape, tensor: m.hold() },
    { name: `exp_avg_sq.${name}`, shape: v.shape, tensor: v.hold() },
  ]);
  const optimizerSteps = Object.fromEntries([...optimizer.state].map(([name, { step }]) => [name, step]));
  const names = weights.map(({ name }) => name);
  const shards = shardsOf(names, trained, input.firstStages);
  const bestOfStageAt = progress.hasBegun ? recorder.bestOfStage?.step : undefined;
  const placeOf = (at: number | undefined, copies: KeptWeights | undefined): BestPlace =>
    at === undefined || copies === undefined ? "none" : at === step ? "model" : "file";
  const best = placeOf(recorder.best?.step, kept);
  const bestOfStage = placeOf(bestOfStageAt, keptOfStage);

  const write = async (files: CheckpointFiles): Promise<string> => {
    if (!(await files.shareFixed())) {
      await writeConfig(files.folder, config);
      await tokenizer.save(files.folder, { modelMaxLength: textLimit });
    }
    for (const { file, names: members, isUntrained } of shards) {
      const isMember = new Set(members);
      const content = () => safetensorsContent(weights.filter(({ name }) => isMember.has(name)).map(namedTensor));
      if (isUntrained) await files.share(`untrained ${members.join()}`, file, content);
      else await files.write(file, content());
    }
    if (shards.length > 1) await files.write("model.safetensors.index.json", indexOf(shards, weights));
    await files.write(fileNames.optimizer, safetensorsContent(moments.map(namedTensor)));
    const share = (copies: KeptWeights | undefined, what: string, name: string) =>
      files.share(`best of ${what}: ${[...trained].join()}`, name, () =>
        safetensorsContent(copies?.named(trained) ?? []),
      );
    if (best === "file") await share(kept, `the run, step ${recorder.best?.step}`, fileNames.best);
    if (bestOfStage === "file") {
      await share(keptOfStage, `stage ${progress.stage}, step ${bestOfStageAt}`, fileNames.bestOfStage);
    }
    for (const [name, value] of Object.entries(recordFiles([record], weightsSha256)))
      await files.write(name, json(value));
    const state: CheckpointState = {
      version: stateVersion,
      ...{
        identity,
        progress,
        recorder: recorded,
        chain: links,
        watch,
        evidence,
        optimizerSteps,
        best,
        bestOfStage,
      },
      ...{ weightsSha256, shards, shared: Object.fromEntries(files.shared), earlier },
    };
    await files.write(fileNames.state, json(state));
    return weightsSha256;
  };
  const tensors = [...weights, ...moments];
  const isNew = ({ name }: HeldTensor) => trained.has(name) || name.startsWith("exp_avg");
  return {
    ...{ step, write, bestStep: recorder.best?.step },
    bytes: tensors.filter(isNew).reduce((sum, { tensor }) => sum + 4 * tensor.size, 0),
    dispose: () => {
      for (const { tensor } of tensors) tensor.dispose();
    },
  };
}

interface HeldTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly tensor: Parameters<typeof dataOf>[0];
}

const namedTensor = ({ name, shape, tensor }: HeldTensor): NamedTensor => ({
  ...{ name, shape },
  get data() {
    return dataOf(tensor);
  },
});

const json = (value: unknown): string => `${JSON.stringify(value, null, 1)}\n`;

/**
 * Distributes the weights over files: one for those that have trained, and one for those that train first in each later stage,
 * or in none, which stays the same until then. A single file has the name of an undivided model.
 */
function shardsOf(
  names: readonly string[],
  trained: ReadonlySet<string>,
  firstStages: ReadonlyMap<string, number>,
): readonly Shard[] {
  const groups = new Map<number, string[]>();
  for (const name of names) {
    const group = trained.has(name) ? -1 : (firstStages.get(name) ?? Number.POSITIVE_INFINITY);
    groups.set(group, [...(groups.get(group) ?? []), name]);
  }
  const sorted = [...groups].sort(([a], [b]) => a - b);
  const number = (n: number) => String(n).padStart(5, "0");
  return sorted.map(([group, members], i) => ({
    file: sorted.length === 1 ? "model.safetensors" : `model-${number(i + 1)}-of-${number(sorted.length)}.safetensors`,
    names: members,
    isUntrained: group >= 0,
  }));
}

function indexOf(shards: readonly Shard[], weights: readonly HeldTensor[]): string {
  const bytes = weights.reduce((sum, { tensor }) => sum + 4 * tensor.size, 0);
  const map = shards.flatMap(({ file, names }) => names.map((name) => [name, file] as const));
  return json({ metadata: { total_size: bytes }, weight_map: Object.fromEntries(map) });
}

/** A file of an earlier checkpoint. */
export interface SharedFile {
  readonly path: string;
  readonly record: FileRecord;
}

/** Keys of files that stay the same for a whole run, the model's configuration and the tokenizer, begin so. */
const fixedKey = "fixed ";
const isFixed = (name: string) => !/^(model|optimizer|best|trainer_state|training_args|thaw_)/.test(name);

/** Writes the files of one checkpoint, or gives them second names of files that an earlier one has and that are still there. */
export class CheckpointFiles {
  /** The folder that is filled. */
  readonly folder: string;
  /** The files that later checkpoints may share with this one: the key of the content -> the name. */
  readonly shared = new Map<string, string>();
  readonly #staging: Staging;
  readonly #sources: ReadonlyMap<string, SharedFile>;

  constructor(staging: Staging, sources: ReadonlyMap<string, SharedFile>) {
    this.folder = staging.folder;
    this.#staging = staging;
    this.#sources = sources;
  }

  /** Writes a file of this checkpoint alone. */
  async write(name: string, content: Content): Promise<void> {
    await this.#staging.write(name, content);
  }

  /** Writes a file, or links the one of an earlier checkpoint whose content has the same key. */
  async share(key: string, name: string, content: () => Content): Promise<void> {
    this.shared.set(key, name);
    const source = this.#sources.get(key);
    if (source !== undefined && (await isThere(source))) await this.#staging.link(name, source.path, source.record);
    else await this.#staging.write(name, content());
  }

  /** Links the files that stay the same for a whole run; returns false, with none linked, unless they are all there. */
  async shareFixed(): Promise<boolean> {
    const fixed = [...this.#sources].filter(([key]) => key.startsWith(fixedKey));
    const found = await Promise.all(fixed.map(([, source]) => isThere(source)));
    if (fixed.length === 0 || found.includes(false)) return false;
    for (const [key, { path, record }] of fixed) await this.#staging.link(key.slice(fixedKey.length), path, record);
    return true;
  }
}

const isThere = async ({ path, record }: SharedFile) => (await stateOf(path))?.bytes === record.bytes;

/** A checkpoint with everything that a run needs to go on from it. */
export interface OpenCheckpoint {
  readonly folder: string;
  readonly state: CheckpointState;
  /** The files that later checkpoints may share, by the key of their content. */
  readonly shared: ReadonlyMap<string, SharedFile>;
  /** Names of files that are missing or damaged, and without which a run can go on; a whole checkpoint has none. */
  readonly damagedFiles: readonly string[];
}

/**
 * Opens a checkpoint once the files that a run needs have the lengths and hashes of its manifest. Other files, such as
 * `config.json` or those of the tokenizer, may be damaged, and so may a file of weights that have not trained yet if `has`
 * finds these weights in the model, by their hashes. Errors: `CHECKPOINT_DAMAGED`.
 */
export async function openCheckpoint(folder: string, has: (hashes: Fingerprint) => boolean): Promise<OpenCheckpoint> {
  const found = await lookAtCheckpoint(folder, has);
  if (!(found instanceof Damage)) return found;
  const message = `${found.message} Go on from another one, or train anew.`;
  throw new ThawError("CHECKPOINT_DAMAGED", message, { cause: found });
}

/** The damage by which a checkpoint is of no use; its message is a sentence that names folder and file. */
export class Damage extends Error {}

/** Opens a checkpoint as `openCheckpoint` does, and returns its damage if there is any. */
export async function lookAtCheckpoint(
  folder: string,
  has: (hashes: Fingerprint) => boolean,
): Promise<OpenCheckpoint | Damage> {
  try {
    if ((await stateOf(folder)) === undefined) throw damaged(folder, "there is no such folder");
    return await readFolder(folder, (place) => openPlace(folder, place, has));
  } catch (error) {
    if (error instanceof Damage) return error;
    return damaged(folder, `it cannot be read (${error instanceof Error ? error.message : error})`, error);
  }
}

/** Opens a checkpoint whose files lie in `place`, which is `folder` or has links to its files. */
async function openPlace(
  folder: string,
  place: string,
  has: (hashes: Fingerprint) => boolean,
): Promise<OpenCheckpoint> {
  const manifest = await readManifest(place);
  if (manifest === undefined) throw damaged(folder, `${manifestName} is missing or damaged`);
  const files = Object.entries(manifest.files);
  const isOwn = files.every(([, { part }]) => part === "checkpoint");
  if (!isOwn || !(await isCanonical(place, manifest))) throw damaged(folder, `${manifestName} is damaged`);
  const bad: string[] = [];
  for (const [name, record] of files) {
    const isWhole = await isAsRecorded(join(place, name), record).catch(() => false); // what cannot be read is of no use
    if (!isWhole) bad.push(name);
  }
  const isMissing = (name: string) => manifest.files[name] === undefined || bad.includes(name);
  if (isMissing(fileNames.state)) throw damaged(folder, `${fileNames.state} is missing or damaged`);
  const state = JSON.parse(await readFile(join(place, fileNames.state), "utf8")) as CheckpointState;
  if (state.version !== stateVersion) throw damaged(folder, `another version of Thaw has written it`);
  if (manifest.weights !== state.weightsSha256) throw damaged(folder, `${manifestName} is damaged`);
  if (`${namePrefix}${state.recorder.step}` !== basename(folder)) {
    throw damaged(folder, `it is the checkpoint of step ${state.recorder.step} under another name`);
  }
  const isInModel = ({ names, isUntrained }: Shard) =>
    isUntrained && has(new Map(names.map((name) => [name, state.recorder.start[name] as string])));
  const needed = [
    fileNames.optimizer,
    ...state.shards.filter(({ file }) => isMissing(file)).flatMap((each) => (isInModel(each) ? [] : [each.file])),
    ...(state.best === "file" ? [fileNames.best] : []),
    ...(state.bestOfStage === "file" ? [fileNames.bestOfStage] : []),
  ];
  const missing = needed.find(isMissing);
  if (missing !== undefined) throw damaged(folder, `${missing} is missing or damaged`);
  return { folder, state, shared: sharedFiles(folder, manifest, state.shared, bad), damagedFiles: bad };
}

/**
 * Lists the files of a checkpoint that later ones may share, by the key of their content: those in `shared`, and those that
 * stay the same for the whole run.
 */
export function sharedFiles(
  folder: string,
  { files }: Manifest,
  shared: CheckpointState["shared"],
  bad: readonly string[] = [],
): ReadonlyMap<string, SharedFile> {
  const ofRun = Object.keys(files).filter(isFixed);
  const areWhole = !ofRun.some((name) => bad.includes(name)); // else all of them are written anew
  const fixed = areWhole ? ofRun.map((name) => [`${fixedKey}${name}`, name] as const) : [];
  const whole = [...Object.entries(shared), ...fixed].filter(([, name]) => !bad.includes(name));
  return new Map(
    whole.map(([key, name]) => {
      const { bytes, sha256 } = files[name] as FileRecord;
      return [key, { path: join(folder, name), record: { bytes, sha256 } }];
    }),
  );
}

const damaged = (folder: string, what: string, cause?: unknown) =>
  new Damage(`${folder} is not a whole checkpoint: ${what}.`, { cause });
