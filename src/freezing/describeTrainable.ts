/** Describes which parameters of a model train, in words for tables. */
import { type Block, type BlockMap, kinds, ofKind } from "./selection.ts";

/**
 * Describes a set of trainable parameters in words: `"head"`, `"head, layers 10-11"`, `"head, every 2nd layer from 1 to 11"`,
 * `"head, biases"`, `"everything"`, `"nothing"`; another block of which only a part trains is marked "part of".
 */
export function describeTrainable(trainable: ReadonlySet<string>, blocks: BlockMap): string {
  if (trainable.size === 0) return "nothing";
  if (trainable.size === blocks.size) return "everything";
  const whole = new Set<Block>();
  const partly = new Set<Block>();
  for (const block of new Set(blocks.values())) {
    const names = [...blocks].filter(([, other]) => other === block).map(([name]) => name);
    const trains = names.filter((name) => trainable.has(name)).length;
    if (trains === names.length) whole.add(block);
    else if (trains > 0) partly.add(block);
  }
  return [
    ...(whole.has("head") ? ["head"] : []),
    ...layerRanges(whole),
    ...(whole.has("shared") ? ["shared"] : []),
    ...(whole.has("embeddings") ? ["embeddings"] : []),
    ...(kindsOf(trainable, blocks, partly) ??
      [...partly].map((block) => `part of ${typeof block === "number" ? `layer ${block}` : block}`)),
  ].join(", ");
}

/** Names the kinds of parameters that train in the blocks of which not all does: all of a kind, and nothing else. */
function kindsOf(trainable: ReadonlySet<string>, blocks: BlockMap, partly: ReadonlySet<Block>): string[] | undefined {
  if (partly.size === 0) return [];
  const whole = new Set(
    [...blocks].filter(([name, block]) => trainable.has(name) && !partly.has(block)).map(([, block]) => block),
  );
  const rest = [...blocks].filter(([, block]) => !whole.has(block)).map(([name]) => name);
  const trained = rest.filter((name) => trainable.has(name));
  const sets = (["biases", "norms"] as const).map((kind) => ({ kind, names: ofKind(kinds[kind], rest) }));
  for (const combined of [...sets.map((set) => [set]), sets]) {
    const names = new Set(combined.flatMap((set) => [...set.names]));
    if (names.size === trained.length && trained.every((name) => names.has(name)))
      return combined.map(({ kind }) => kind);
  }
  return undefined;
}

function layerRanges(whole: ReadonlySet<Block>): string[] {
  const layers = [...whole].filter((block) => typeof block === "number").sort((a, b) => a - b);
  const [first = 0, second = 0] = layers;
  const stride = second - first;
  if (layers.length >= 3 && stride > 1 && layers.every((layer, i) => layer === first + i * stride)) {
    return [`every ${ordinal(stride)} layer from ${first} to ${layers.at(-1)}`];
  }
  return layers.flatMap((first) => {
    if (whole.has(first - 1)) return [];
    let last = first;
    while (whole.has(last + 1)) last += 1;
    return [first === last ? `layer ${first}` : `layers ${first}-${last}`];
  });
}

/** Writes 2 as "2nd". */
function ordinal(n: number): string {
  const teen = n % 100 >= 11 && n % 100 <= 13;
  const suffix = teen ? undefined : ({ 1: "st", 2: "nd", 3: "rd" } as Readonly<Record<number, string>>)[n % 10];
  return `${n}${suffix ?? "th"}`;
}
