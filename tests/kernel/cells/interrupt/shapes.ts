/** The shapes in which code that does not end comes: what an interrupt has to end. */

/** A cell, and how it is stopped: the twelve groups are those of goal 4 of the reliability goals. */
export interface Shape {
  readonly group: string;
  readonly name: string;
  readonly code: string;
}

const shape = (group: string, name: string, code: string): Shape => ({ group, name, code });
const later = "await new Promise(() => {})";

export const shapes: readonly Shape[] = [
  shape("sync loop", "a synchronous loop", "while (true) {}"),
  shape("sync loop", "a synchronous loop out of the rewriting's reach", "new Function('while (true) {}')()"),
  shape(
    "sync loop",
    "a loop over an endless generator",
    "function* all() { while (true) yield 1 }\nfor (const x of all()) x;",
  ),
  shape("sync loop", "a blocked thread", "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)"),
  shape("sync loop", "recursion", "const fib = (n: number): number => n < 2 ? n : fib(n - 1) + fib(n - 2);\nfib(90)"),
  shape("await-then-loop", "an await that never settles", later),
  shape("await-then-loop", "a loop behind an await", "await 1; while (true) {}"),
  shape("await-then-loop", "a loop behind an await, out of reach", "await 1; new Function('while (true) {}')()"),
  shape("await-then-loop", "a loop of awaits", "while (true) await null"),
  shape(
    "await-then-loop",
    "a loop of awaits, out of reach",
    "await new Function('return (async () => { while (true) await null })()')()",
  ),
  shape(
    "await-then-loop",
    "a for await",
    "for await (const x of (async function* () { while (true) yield 1 })()) console.log(x);",
  ),
  shape(
    "promise chain",
    "a chain of promises without an await",
    "const chain = () => Promise.resolve().then(chain); await chain()",
  ),
  shape(
    "promise chain",
    "a chain nobody awaits",
    `const free = () => Promise.resolve().then(free); void free();\n${later}`,
  ),
  shape(
    "promise chain",
    "a chain out of reach",
    "await new Function('const f = () => Promise.resolve().then(f); return f()')()",
  ),
  shape(
    "promise chain",
    "microtasks that queue the next",
    `const micro = () => queueMicrotask(micro); micro();\n${later}`,
  ),
  shape("promise chain", "ticks that queue the next", `const next = () => process.nextTick(next); next();\n${later}`),
  shape(
    "promise chain",
    "a chain over files that prints",
    "const files = () => require('node:fs').promises.stat('/').then(() => { console.log('stat'); return files() }); await files()",
  ),
  shape("timer storm", "an interval that prints", `setInterval(() => console.log('interval'), 1);\n${later}`),
  shape(
    "timer storm",
    "timeouts that set the next and print",
    `const again = () => { console.log('timeout'); setTimeout(again, 1) }; again();\n${later}`,
  ),
  shape(
    "timer storm",
    "immediates that set the next and print",
    `const soon = () => { console.log('immediate'); setImmediate(soon) }; soon();\n${later}`,
  ),
  shape("timer storm", "a loop in a timer", "await new Promise(() => setTimeout(() => { while (true) {} }, 10))"),
  shape("regex backtrack", "a regular expression that backtracks", "/^(a+)+$/.test('a'.repeat(60) + 'b')"),
  shape(
    "native op",
    "one native call after the other",
    "while (true) require('node:crypto').pbkdf2Sync('a', 'b', 20_000, 64, 'sha512')",
  ),
  shape(
    "native op",
    "native calls out of reach, behind an await",
    "await 1; new Function('zlib', 'const b = Buffer.alloc(5e6, 1); while (true) zlib.deflateSync(b)')(require('node:zlib'))",
  ),
  shape(
    "nested functions",
    "nested functions",
    "const inner = async () => { for (;;) await new Promise((r) => setTimeout(r, 1)) };\nawait (async () => await inner())()",
  ),
  shape(
    "nested functions",
    "functions that print while they wait",
    "const tell = async (n: number): Promise<void> => { console.log(n); await new Promise((r) => setTimeout(r, 2)); await tell(n + 1) };\nawait tell(0)",
  ),
  shape("child process", "a child process that is waited for", "require('node:child_process').execSync('sleep 60')"),
  shape(
    "child process",
    "a child process and its own child",
    "require('node:child_process').execSync('sleep 60; echo end')",
  ),
  shape(
    "child process",
    "a child process that ignores signals",
    `require('node:child_process').spawnSync('sh', ['-c', 'trap "" INT TERM; sleep 60; sleep 60'])`,
  ),
  shape(
    "child process",
    "a child process that is awaited",
    "await new Promise((r) => require('node:child_process').spawn('sleep', ['60']).on('exit', r))",
  ),
  shape(
    "catch that swallows",
    "a catch in a loop",
    "while (true) { try { await new Promise((r) => setTimeout(r, 5)) } catch {} }",
  ),
  shape(
    "catch that swallows",
    "a catch around a loop",
    "try { while (true) {} } catch (e) { console.log('caught', e) } 'went on'",
  ),
  shape(
    "catch that swallows",
    "a catch that tries again",
    "const retry = async (): Promise<void> => { try { await new Promise((r) => setTimeout(r, 5)); await retry() } catch { await retry() } };\nawait retry()",
  ),
  shape(
    "catch that swallows",
    "a promise's catch",
    "await new Promise((r) => setTimeout(r, 60_000)).then(() => 1).catch(() => 'went on')",
  ),
  shape("two interrupts", "two interrupts of a loop out of reach", "new Function('while (true) {}')()"),
  shape("two interrupts", "two interrupts of an await", later),
];
