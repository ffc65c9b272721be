/** A set of trainable parameters, in words. */
import type { Block, BlockMap } from "./selection.ts";

/** `"head"`, `"head, layers 10-11"`, `"everything"`, `"nothing"`; a block of which only a part trains is marked "part of". */
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
    ...[...partly].map((block) => `part of ${typeof block === "number" ? `layer ${block}` : block}`),
  ].join(", ");
}

function layerRanges(whole: ReadonlySet<Block>): string[] {
  const layers = [...whole].filter((block) => typeof block === "number").sort((a, b) => a - b);
  return layers.flatMap((first) => {
    if (whole.has(first - 1)) return [];
    let last = first;
    while (whole.has(last + 1)) last += 1;
    return [first === last ? `layer ${first}` : `layers ${first}-${last}`];
  });
}
