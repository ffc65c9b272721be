/** What a model needs of the files that hold its weights, whatever their format and however many they are. */

/** Named tensors that are read one by one: only those asked for are ever in memory. */
export interface WeightsFile {
  /** The file that is named in messages; of several, their index. */
  readonly path: string;
  readonly names: readonly string[];
  shape(name: string): readonly number[];
  /** All elements as float32 in row-major order. `BAD_DTYPE` for tensors that hold no real numbers. */
  read(name: string): Float32Array<ArrayBuffer>;
}
