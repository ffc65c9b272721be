/**
 * Cells after which the kernel must answer the next one. Not among them, since they end any process and mean to: SIGTERM,
 * SIGKILL, SIGHUP and SIGUSR2 to itself, process.abort(), the heap's end; nor what leaves no JavaScript to answer with:
 * replaced methods of Array.prototype, closed descriptors of the sockets.
 */

export interface HostileCell {
  /** What is done, as the title of its test. */
  readonly what: string;
  readonly code: string;
  /** Milliseconds after which what the cell left behind has happened. Default: 30. */
  readonly laterMs?: number;
  /** It changes what later cells stand on: they get a new kernel. */
  readonly spoils?: true;
  /** Where what it causes must be told: printed under the cell, late or not, or as its error. */
  readonly told?: RegExp;
}

export const hostileCells: readonly HostileCell[] = [
  // errors that nobody catches
  { what: "throws in a timer", code: "setTimeout(() => { throw new Error('late') }, 1)", told: /Error: late/ },
  { what: "throws in an immediate", code: "setImmediate(() => { throw new Error('soon') })", told: /Error: soon/ },
  { what: "throws in nextTick", code: "process.nextTick(() => { throw new Error('tick') })", told: /Error: tick/ },
  { what: "throws in a microtask", code: "queueMicrotask(() => { throw new Error('micro') })", told: /Error: micro/ },
  { what: "leaves a rejection unhandled", code: "Promise.reject(new Error('nobody')); 0", told: /Error: nobody/ },
  { what: "throws nothing at all in a timer", code: "setTimeout(() => { throw undefined }, 1)", told: /undefined/ },
  {
    what: "throws an error whose stack throws",
    code: "throw Object.defineProperty(new Error('x'), 'stack', { get() { throw 1 } })",
  },
  {
    what: "throws a proxy that throws",
    code: "throw new Proxy({}, { get() { throw 1 }, getPrototypeOf() { throw 2 } })",
  },
  {
    what: "emits an error nobody listens to",
    code: "setTimeout(() => new (require('events'))().emit('error', new Error('unheard')), 1)",
    told: /unheard/,
  },
  {
    what: "emits uncaughtException itself",
    code: "process.emit('uncaughtException', new Error('made up')); 0",
    told: /made up/,
  },
  {
    what: "removes all listeners and throws late",
    code: "process.removeAllListeners(); setTimeout(() => { throw new Error('unguarded') }, 1)",
    told: /unguarded/,
  },
  {
    what: "sets its own capture callback",
    code: "process.setUncaughtExceptionCaptureCallback(() => {}); setTimeout(() => { throw new Error('mine') }, 1)",
    spoils: true,
  },
  {
    what: "throws in another's listener",
    code: "process.on('uncaughtException', () => { throw new Error('twice') }); setTimeout(() => { throw new Error('once') }, 1)",
    spoils: true,
  },
  // stacks and memory
  { what: "overflows the stack", code: "(function f() { f() })()", told: /RangeError/ },
  {
    what: "overflows the stack behind an await",
    code: "await 1; const g = async () => { await g() }; await g()",
    told: /RangeError/,
  },
  { what: "overflows the stack in a timer", code: "setTimeout(function f() { f() }, 1)", told: /RangeError/ },
  { what: "asks for an array that cannot be", code: "new Array(-1)", told: /RangeError/ },
  { what: "asks for a string that cannot be", code: "'x'.repeat(2 ** 30)", told: /RangeError/ },
  { what: "asks for a buffer that cannot be", code: "Buffer.alloc(2 ** 53 - 1)", told: /RangeError/ },
  { what: "asks for more shared memory than there is", code: "new SharedArrayBuffer(2 ** 50)", told: /RangeError/ },
  { what: "takes a typed array of 2 GB", code: "new Uint8Array(2 ** 31).length", told: /2147483648|RangeError/ },
  // output
  { what: "prints a million lines", code: "for (let i = 0; i < 1e6; i++) console.log(i)", laterMs: 200 },
  { what: "prints 50 MB at once", code: "process.stdout.write('x'.repeat(50e6)); 0" },
  { what: "writes 50 MB past the streams", code: "require('fs').writeSync(1, 'x'.repeat(50e6)); 0" },
  { what: "ends with 50 MB", code: "'x'.repeat(50e6)" },
  {
    what: "ends stdout",
    code: "process.stdout.end('bye'); process.stderr.end(); console.log('still')",
    told: /byestill/,
  },
  {
    what: "destroys stdout",
    code: "process.stdout.destroy(new Error('x')); process.stderr.destroy(); console.log('still')",
    told: /still/,
  },
  {
    what: "pipes into stdout",
    code: "require('stream').Readable.from(['piped ', 'text']).pipe(process.stdout); await new Promise((done) => setTimeout(done, 20)); console.log('!')",
    told: /piped text!/,
  },
  {
    what: "closes descriptor 1",
    code: "require('fs').closeSync(1); console.log('still')",
    told: /still/,
    spoils: true,
  },
  {
    what: "closes descriptors 0 to 2",
    code: "for (const fd of [0, 1, 2]) try { require('fs').closeSync(fd) } catch {} console.error('still')",
    told: /still/,
    spoils: true,
  },
  { what: "replaces console with nonsense", code: "console = 42", spoils: true },
  { what: "deletes console and writes nothing", code: "delete globalThis.console; 1", spoils: true },
  {
    what: "replaces process.stdout.write by a thrower",
    code: "process.stdout.write = () => { throw new Error('no') }; console.log(1)",
    spoils: true,
  },
  {
    what: "replaces process.stdout",
    code: "process.stdout = null; console.log('still')",
    told: /still|TypeError/,
    spoils: true,
  },
  // results
  { what: "ends with a getter that throws", code: "({ get bad() { throw new Error('getter') } })" },
  { what: "ends with a cycle", code: "const a: any = {}; a.a = a; a.list = [a, a]; a", told: /Circular/ },
  {
    what: "ends with a proxy that throws",
    code: "new Proxy({}, { get() { throw 1 }, ownKeys() { throw 2 }, getPrototypeOf() { throw 3 } })",
  },
  { what: "ends with a revoked proxy", code: "const r = Proxy.revocable({}, {}); r.revoke(); r.proxy" },
  {
    what: "recurses in inspect.custom",
    code: "const i: any = { [Symbol.for('nodejs.util.inspect.custom')]() { return require('util').inspect(i) } }; i",
  },
  {
    what: "recurses in toJSON",
    code: "const j: any = { toJSON() { return JSON.stringify(j) } }; display({ data: { 'application/json': j } })",
  },
  {
    what: "recurses in the display symbol",
    code: "const d: any = { [Symbol.for('Jupyter.display')]() { return d[Symbol.for('Jupyter.display')]() } }; d",
  },
  {
    what: "never ends its display",
    code: "({ [Symbol.for('Jupyter.display')]: () => ({ 'text/plain': { toString() { throw 1 } } }) })",
  },
  { what: "shows a bigint in a bundle", code: "display({ data: { 'application/json': 1n } })" },
  { what: "ends with a long list of long lists", code: "Array.from({ length: 1e4 }, () => new Array(1e3).fill(0))" },
  { what: "ends with a deep list", code: "let deep: any = []; for (let i = 0; i < 1e5; i++) deep = [deep]; deep" },
  {
    what: "ends with a thenable that never settles twice",
    code: "({ then(done: any) { done(1); done(2); throw new Error('after') } })",
  },
  // what everything stands on
  {
    what: "patches Promise.prototype.then",
    code: "Promise.prototype.then = () => { throw new Error('then') }; await 1",
    spoils: true,
  },
  { what: "replaces Promise", code: "globalThis.Promise = null as any; 1", spoils: true },
  { what: "replaces JSON.stringify", code: "JSON.stringify = () => 'nonsense'; 1", spoils: true },
  {
    what: "pollutes Object.prototype",
    code: "Object.prototype.polluted = 1; Object.defineProperty(Object.prototype, 'type', { value: 'exit', configurable: true }); 1",
    spoils: true,
  },
  {
    what: "overwrites the host",
    code: "globalThis[Symbol.for('thaw.host')] = null as any; display('x')",
    spoils: true,
  },
  {
    what: "deletes the globals of the kernel",
    code: "for (const name of ['display', 'require', 'clearOutput', '__thaw', '__dirname']) delete globalThis[name]; 1",
    spoils: true,
  },
  {
    what: "deletes what Node gives",
    code: "for (const name of ['setTimeout', 'Buffer', 'process', 'queueMicrotask', 'URL', 'performance']) delete globalThis[name]; 1",
    spoils: true,
  },
  {
    what: "makes Error.prepareStackTrace throw",
    code: "Error.prepareStackTrace = () => { throw new Error('prepare') }; throw new Error('seen')",
    spoils: true,
  },
  {
    what: "sets Error.stackTraceLimit to 0",
    code: "Error.stackTraceLimit = 0; throw new Error('seen')",
    told: /Error: seen/,
    spoils: true,
  },
  {
    what: "freezes what it can reach",
    code: "for (const each of [Object, Array, Promise, Function, Error]) Object.freeze(each.prototype); 1",
    spoils: true,
  },
  // the process
  {
    what: "sends itself signals that do not mean the end",
    code: "for (const signal of ['SIGPIPE', 'SIGWINCH', 'SIGCONT', 'SIGINT']) process.kill(process.pid, signal); 1",
    spoils: true,
  },
  {
    what: "opens the inspector",
    code: "process.kill(process.pid, 'SIGUSR1'); await new Promise((done) => setTimeout(done, 50)); require('inspector').close(); 1",
    spoils: true,
  },
  {
    what: "uses an inspector session of its own",
    code: "const s = new (require('inspector').Session)(); s.connect(); s.post('Runtime.enable'); s.post('Debugger.enable'); s.disconnect(); 1",
  },
  { what: "closes the inspector", code: "require('inspector').close(); 1" },
  {
    what: "goes to a folder and deletes it",
    code: "const fs = require('fs'); const dir = fs.mkdtempSync('/tmp/thaw-gone-'); process.chdir(dir); fs.rmdirSync(dir); 1",
    spoils: true,
  },
  { what: "reads from stdin", code: "process.stdin.on('data', () => {}); process.stdin.resume(); 1" },
  { what: "sets a strange exit code", code: "process.exitCode = 77; 1", spoils: true },
  {
    what: "uses domains and async hooks",
    code: "const h = require('async_hooks').createHook({ init() {} }).enable(); require('domain').create().run(() => setTimeout(() => { throw new Error('domain') }, 1)); await 1; h.disable(); 1",
    spoils: true,
  },
  // others
  {
    what: "starts a worker that throws",
    code: "new (require('worker_threads').Worker)('throw new Error(\"inside\")', { eval: true }); 0",
    laterMs: 300,
    told: /inside/,
  },
  {
    what: "starts a worker that exits",
    code: "new (require('worker_threads').Worker)('process.exit(3)', { eval: true }); 0",
    laterMs: 200,
  },
  {
    what: "starts a worker out of memory",
    code: "const w = new (require('worker_threads').Worker)('const a = []; for (;;) a.push(new Array(1e5).fill(1.5))', { eval: true, resourceLimits: { maxOldGenerationSizeMb: 20 } }); await new Promise((done) => w.on('error', (e) => done(e.code)))",
    told: /ERR_WORKER_OUT_OF_MEMORY/,
  },
  {
    what: "starts a child that crashes",
    code: "const c = require('child_process').spawn('sh', ['-c', 'kill -SEGV $$'], { stdio: 'inherit' }); await new Promise((done) => c.on('close', (_, signal) => done(signal)))",
    told: /SIGSEGV/,
  },
  {
    what: "starts a child that is not there",
    code: "require('child_process').spawn('/not/there', { stdio: 'inherit' }); 0",
    told: /ENOENT/,
  },
  { what: "sets 100,000 timers", code: "for (let i = 0; i < 1e5; i++) setTimeout(() => {}, 1)", laterMs: 200 },
  {
    what: "leaves 100,000 promises pending",
    code: "globalThis.pending = Array.from({ length: 1e5 }, () => new Promise(() => {}).then(() => {})); 0",
  },
  { what: "prints in an endless interval", code: "setInterval(() => console.log('again'), 1)", spoils: true },
];
