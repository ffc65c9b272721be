/**
 * The errors that a user can act on, of the library, the kernel and the `thaw` command alike. Set-up, which runs before
 * anything is compiled, has the codes of `SetupErrorCode` too, but throws them itself (setup/problem.mjs).
 * `docs/errors.md` has a row for every code here; a test compares the two.
 */

/** Codes of the library: loading, data, training, saving, figures. */
export type LibraryErrorCode =
  | "BAD_ARGUMENT"
  | "BAD_BATCH"
  | "BAD_BATCH_SIZE"
  | "BAD_CHECKPOINT"
  | "BAD_CONFIG"
  | "BAD_DATA"
  | "BAD_DTYPE"
  | "BAD_EXPORT"
  | "BAD_FIGURE"
  | "BAD_FIGURE_PATH"
  | "BAD_FONT"
  | "BAD_INDEX"
  | "BAD_LABEL"
  | "BAD_MAX_LENGTH"
  | "BAD_OPTIMIZER"
  | "BAD_PICKLE"
  | "BAD_PLAN"
  | "BAD_REVISION"
  | "BAD_SAFETENSORS"
  | "BAD_SCHEDULE"
  | "BAD_SEED"
  | "BAD_SELECTION"
  | "BAD_SHAPE"
  | "BAD_SPLIT"
  | "BAD_STAGE"
  | "BAD_TABLE"
  | "BAD_TENSOR"
  | "BAD_TEXT"
  | "BAD_TOKENIZER"
  | "CACHE_LOST"
  | "CHECKPOINT_DAMAGED"
  | "BAD_METRICS"
  | "CHECKPOINT_MISMATCH"
  | "DIFFERENT_METRICS"
  | "DISPOSED"
  | "ENGINE_MISSING"
  | "FROZEN_CHANGED"
  | "FROZEN_RANDOM_HEAD"
  | "INTERNAL"
  | "IN_TRAINING"
  | "MASK_CHANGED"
  | "MAX_MEMORY"
  | "MISSING_FILE"
  | "MODEL_NOT_FOUND"
  | "MODEL_TOO_LARGE"
  | "NON_FINITE"
  | "NO_PAD_TOKEN"
  | "NO_RUNS"
  | "NO_XENOVA"
  | "OPTIMIZER_MISMATCH"
  | "OUT_OF_MEMORY"
  | "PRECISION_UNSUPPORTED"
  | "SAMPLE_DATA_MISSING"
  | "UNFINISHED_SAVE"
  | "UNKNOWN_FAMILY"
  | "UNKNOWN_PARAMETER"
  | "UNKNOWN_TENSOR"
  | "WRITE_FAILED"
  | "WRONG_FORMAT";

/** Codes of the kernel: what a cell asks for that cannot be done. */
export type KernelErrorCode =
  | "BAD_COUNT"
  | "BAD_DEFAULTS"
  | "BAD_DISPLAY"
  | "BAD_MODE"
  | "BAD_PARAMETER"
  | "COMM_CLOSED"
  | "COMM_DATA"
  | "COMM_HANDLER"
  | "COMM_TARGET"
  | "ERR_UNSUPPORTED_REGISTRY"
  | "KERNEL_INTERRUPT"
  | "NOT_FIRST"
  | "NO_CELL"
  | "NO_CODE"
  | "NO_FILE"
  | "NO_FOLDER"
  | "NO_IMAGE"
  | "NO_INPUT"
  | "NO_STDIN"
  | "NO_STDIN_CLIENT"
  | "NO_VARIABLE"
  | "OTHER_VERSION"
  | "STOPPED_PACKAGE"
  | "UNKNOWN_BROADCAST"
  | "UNKNOWN_MAGIC"
  | "UNKNOWN_PARAMETER";

/** Codes of the `thaw` command: what it refuses before it does anything. */
export type CommandErrorCode =
  | "BAD_KERNEL_NAME"
  | "BAD_NAME"
  | "BAD_OUTPUT"
  | "BAD_PARAMETER"
  | "BAD_PARAMETERS"
  | "BAD_TIMEOUT"
  | "FOREIGN_KERNELSPEC"
  | "NBFORMAT"
  | "NOT_BUILT"
  | "NO_ENVIRONMENT"
  | "NO_FOLDER"
  | "NO_KERNEL"
  | "NO_KERNELSPEC"
  | "NO_NOTEBOOK"
  | "NO_OUTPUT"
  | "NO_PACKAGE"
  | "OTHER_LANGUAGE"
  | "TWO_PLACES"
  | "UNKNOWN_PARAMETER";

/** Codes of set-up: what the machine lacks. */
export type SetupErrorCode =
  | "ADDON_FAILED"
  | "BAD_CONTENT"
  | "BAD_NODE"
  | "BUILD_FAILED"
  | "CONFORMANCE_FAILED"
  | "FETCH_FAILED"
  | "GOLDEN_FAILED"
  | "LINKED_FOLDER"
  | "NOTHING_RECORDED"
  | "NOT_DONE"
  | "NO_COMPILER"
  | "NO_JUPYTER"
  | "NO_KERNEL"
  | "NO_MODEL"
  | "NO_NETWORK"
  | "NO_NOTEBOOKS"
  | "NO_NPM"
  | "NO_PACKAGES"
  | "NO_PYTHON"
  | "NO_SPACE"
  | "NO_TENSORFLOW"
  | "NO_VENV"
  | "UNKNOWN_GOLDEN"
  | "UNKNOWN_MODULE"
  | "BAD_SAMPLE";

/** Codes of the comparison with PyTorch (`npm run bench:training`). */
export type BenchmarkErrorCode = "NO_ENVIRONMENT" | "NO_PARITY" | "WORKER_FAILED";

/** Every code that an error of this project can have. */
export type ErrorCode = LibraryErrorCode | KernelErrorCode | CommandErrorCode | SetupErrorCode | BenchmarkErrorCode;

/** An error that a user can act on. `code` is stable across versions; `message` is for people and may change. */
export class CodedError extends Error {
  /** @internal */
  readonly code: ErrorCode;

  /** @internal */
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
