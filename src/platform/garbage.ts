/** V8's garbage collection on request: arrays that nobody uses any more wait for it, and V8 lets gigabytes of them wait. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

type Collect = (options?: { readonly type: "minor" }) => void;

/** V8's own function, which it shows to new contexts only while the flag is set: to no code but this. */
const collect: Collect = (() => {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as Collect;
  setFlagsFromString("--no-expose-gc");
  return gc;
})();

/** Frees everything that JavaScript uses no more. It takes some tens of milliseconds. */
export const collectGarbage = (): void => collect();

let garbage = 0;
const garbageAtMost = 32e6;

/** Frees the arrays that were made lately and are used no more. It takes about a millisecond. */
export function collectYoung(): void {
  garbage = 0;
  collect({ type: "minor" });
}

/** Says that an array of so many bytes is made that will soon be garbage; after some tens of megabytes it is collected. */
export function noteGarbage(bytes: number): void {
  garbage += bytes;
  if (garbage >= garbageAtMost) collectYoung();
}
