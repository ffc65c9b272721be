/** Which dict of a checkpoint holds the weights: `torch.save` is given a state dict, or one among other things. */
import { ForeignContent, kindOf, type StoredTensor, type Value } from "./values.ts";

export interface StateDict {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** The keys that lead to it, such as `["model_state_dict"]`; empty where it is the file's own content. */
  readonly path: readonly string[];
}

/** What people call the weights that they mean, where several dicts hold as many tensors. */
const usualNames = ["state_dict", "model_state_dict", "model"];
/** Dicts within each other at most that are looked through. */
const maxDepth = 4;

/**
 * The dict with the most tensors under names, of those that names lead to from `root`; what else stands in it is left out.
 * Throws a `ForeignContent` where there is none, or where two are equally good.
 */
export function findStateDict(root: Value): StateDict {
  const found: StateDict[] = [];
  collect(root, [], found);
  const [best, ...others] = found.sort((a, b) => b.tensors.size - a.tensors.size || elementsOf(b) - elementsOf(a));
  if (best === undefined) throw new ForeignContent(`it holds ${contentOf(root)} and no state dict`);
  const equal = others.filter(
    (other) => other.tensors.size === best.tensors.size && elementsOf(other) === elementsOf(best),
  );
  if (equal.length === 0) return best;
  const candidates = [best, ...equal];
  const usual = usualNames.flatMap((name) => candidates.filter(({ path }) => path.at(-1) === name))[0];
  if (usual !== undefined) return usual;
  const names = candidates.map(({ path }) => `"${path.join(".")}"`);
  throw new ForeignContent(
    `it holds ${names.length} state dicts of the same size, ${names.slice(0, 5).join(", ")}`,
    best.path,
  );
}

/** Numbers in all of its tensors. */
const elementsOf = ({ tensors }: StateDict): number =>
  [...tensors.values()].reduce((sum, { shape }) => sum + shape.reduce((product, n) => product * n, 1), 0);

function collect(value: Value, path: readonly string[], into: StateDict[]): void {
  if (typeof value !== "object" || value?.kind !== "dict" || path.length > maxDepth) return;
  const tensors = new Map<string, StoredTensor>();
  for (const [name, item] of value.entries ?? []) {
    if (typeof name !== "string") continue;
    if (typeof item === "object" && item?.kind === "tensor") tensors.set(name, item);
    else collect(item, [...path, name], into);
  }
  if (tensors.size > 0) into.push({ tensors, path });
}

function contentOf(root: Value): string {
  if (typeof root !== "object" || root?.kind !== "dict" || root.entries === undefined) return `a ${kindOf(root)}`;
  const keys = [...root.entries.keys()].slice(0, 5).map((key) => (typeof key === "object" ? kindOf(key) : String(key)));
  return `a dict (${keys.join(", ").slice(0, 200)})`;
}
