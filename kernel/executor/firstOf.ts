/** What settles first, found by awaiting alone: a cell may have replaced `Promise.prototype.then` and `Promise.race`. */
export function firstOf<Value>(...promises: readonly Promise<Value>[]): Promise<Value> {
  return new Promise((resolve, reject) => {
    for (const promise of promises) void pass(promise);
    async function pass(promise: Promise<Value>): Promise<void> {
      try {
        resolve(await promise);
      } catch (error) {
        reject(error);
      }
    }
  });
}
