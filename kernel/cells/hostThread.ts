/**
 * The main thread, where user code lives: everything a cell can see is put in place here, and the worker's orders are
 * carried out.
 *
 * The folders beside this file import in one direction only: realm (the two realms of this thread) < asyncContext
 * (which cell a callback belongs to) < interrupt < rewrite (a cell's text becomes JavaScript) < errors (stacks and
 * tracebacks) < display (a value becomes a MIME bundle) < output (streams, messages, child processes) < globals (what
 * cells find: `display`, `params`, comms, input) < modules (`import` and `require`) < executor (runs a cell) <
 * completion < magics < this file.
 */

import { stripVTControlCharacters } from "node:util";
import { hostSymbol } from "../../shared/host.ts";
import { Poster } from "../shared/backpressure.ts";
import { type Flags, flag } from "../shared/flags.ts";
import type { FromMain, ToMain } from "../shared/messages.ts";
import { currentCell, runInCell } from "./asyncContext/currentCell.ts";
import { patchTimers } from "./asyncContext/timers.ts";
import { patchWorkers } from "./asyncContext/workerThreads.ts";
import { complete } from "./completion/complete.ts";
import { describeAt, NameLookup } from "./completion/inspect.ts";
import { createToBundle } from "./display/mimeBundle.ts";
import type { Diagnostics } from "./display/recogniser.ts";
import { Sources } from "./errors/sources.ts";
import { installStackTraces } from "./errors/stackTraces.ts";
import { describeError } from "./errors/traceback.ts";
import { Disposals } from "./executor/disposals.ts";
import { Evaluator } from "./executor/evaluator.ts";
import { Executor } from "./executor/executor.ts";
import { Comms } from "./globals/comms.ts";
import { createDeno } from "./globals/deno.ts";
import { createDisplay } from "./globals/displayFunction.ts";
import { Displays } from "./globals/displays.ts";
import { createClearOutput, createHost, wireTslab } from "./globals/host.ts";
import { createParams, declaresVariable } from "./globals/params.ts";
import { createPrompts } from "./globals/prompts.ts";
import { patchStdin } from "./globals/stdin.ts";
import { Interrupts } from "./interrupt/interrupts.ts";
import { KernelInterrupt } from "./interrupt/kernelInterrupt.ts";
import { Magics } from "./magics/magics.ts";
import { BoundLoader } from "./modules/boundLoader.ts";
import { ModuleLoader } from "./modules/moduleLoader.ts";
import { patchChildProcesses } from "./output/childProcesses.ts";
import { patchConsole } from "./output/printStreams.ts";
import { guardProcess } from "./output/processGuard.ts";
import { Reporter } from "./output/reporter.ts";
import { asCellObject, cellSide, cells } from "./realm/cellRealm.ts";
import type { RealmPort } from "./realm/realm.ts";
import { CellImports } from "./rewrite/imports.ts";
import { transformCell } from "./rewrite/transform.ts";

/**
 * How long `process.exit` in a cell waits for the worker to say goodbye to the frontend, in milliseconds: longer than the
 * worker may take until its sockets are closed.
 */
const farewellMs = 4000;

/** The connections of this thread to the worker. */
export interface HostStart {
  readonly flags: Flags;
  /** The port that leads to the worker. */
  readonly port: RealmPort;
  /** Whether the worker reads the process's own stdout and stderr. */
  readonly captured: boolean;
}

/** Prepares this thread for cells, and carries out the worker's orders. */
export function startHost({ flags, port, captured }: HostStart): void {
  const folder = process.cwd(); // the notebook's, wherever cells go
  const poster = new Poster(flags);
  const post = (message: FromMain): void => {
    port.postMessage(message, message.type === "input" ? [message.port] : []);
    poster.posted(message);
  };
  const reporter = new Reporter(post);
  const interrupts = new Interrupts(flags);
  const sources = new Sources();
  installStackTraces(sources);
  const modules = new ModuleLoader(
    flags,
    sources,
    (loader, namespace) => new cellSide.ModuleRuntime(flags, interrupts, loader, namespace),
  );
  const loader = new BoundLoader(modules, folder);
  const disposals = new Disposals();
  const runtime = new cellSide.CellRuntime(flags, interrupts, loader, disposals);
  const names = new CellImports();
  const evaluator = new Evaluator(runtime, names);
  const printError = (title: string) => (error: unknown) => {
    if (KernelInterrupt.is(error)) return; // what an interrupt ended after its cell
    reporter.stream("stderr", `${title} ${describeError(error, sources).traceback.join("\n")}\n`);
  };
  const comms = new Comms(
    (report) => reporter.post({ type: "comm", cell: currentCell(), ...report }),
    (error, cell) => runInCell(cell, printError("A comm's handler failed:"), undefined, [error]),
  );
  const host = Object.assign(createHost(reporter, interrupts, flags), { comms });
  const diagnostics: Diagnostics = {
    describe: (error) => stripVTControlCharacters(describeError(error, sources).traceback.join("\n")),
    warn(text) {
      reporter.stream("stderr", `${text}\n`);
      return undefined;
    },
  };
  const toBundle = createToBundle(diagnostics);
  const displays = new Displays(reporter, toBundle, diagnostics);
  const lookUp = new NameLookup(evaluator, post);
  const magics = new Magics({
    ...{ evaluator, folder, host, interrupts, names, post, runtime, sources },
    inspect: lookUp.describe,
    print: (name, text) => reporter.stream(name, text),
  });
  const executor = new Executor({
    evaluator,
    magics,
    interrupts,
    reporter,
    sources,
    takeResult: () => runtime.take("result"),
    toBundle,
    modules,
    names,
    disposals,
    releaseAwaited: () => runtime.release(),
    displaysSettled: () => displays.settled(),
  });
  interrupts.onIdle = () => executor.stopAll();
  interrupts.onForced = () => {
    evaluator.abandon();
    modules.forced();
  };

  const clearOutput = createClearOutput(reporter);
  modules.onLoad = (specifier) => {
    if (specifier === "tslab") wireTslab(host, folder);
  };
  defineGlobals({
    [hostSymbol]: host,
    __dirname: folder,
    __filename: `${folder}/notebook.ts`,
    ...commonJs(loader.require, folder),
    [Symbol.for("thaw.deno")]: createDeno(displays, toBundle, reporter),
    display: createDisplay(displays),
    clearOutput,
    Jupyter: { comms },
    ...createPrompts((order) => reporter.post(order), interrupts),
    params: createParams((name) => sources.cells().some(({ text }) => declaresVariable(text, name))),
  });
  cells.process.argv = asCellObject([process.execPath, `${folder}/notebook.ts`]); // the kernel's own is nobody's business
  Object.defineProperty(cells, "__thaw", { value: runtime }); // without it no cell runs any more: it stays
  const { stdout, stderr } = patchConsole(
    reporter,
    asCellObject(() => clearOutput()),
  );
  runtime.streams = [stdout, stderr];
  patchStdin({ post: (order) => reporter.post(order), interrupts, question: () => stdout.takeOpenLine() });
  patchTimers();
  patchWorkers();
  patchChildProcesses({
    stream: (name, text) => reporter.stream(name, text),
    drain: () => reporter.post({ type: "drain" }),
    letGo: (pid, isLetGo) => reporter.post({ type: "letGo", pid, isLetGo }),
    captured,
  });
  const exit = guardProcess({
    report: (title, error) => printError(title)(error),
    onExit: (code) => {
      reporter.post({ type: "exiting", cell: currentCell(), code });
      Atomics.wait(flags, flag.closed, 0, farewellMs); // a process that ends with an open ZeroMQ socket aborts
      Atomics.store(flags, flag.exiting, 1);
    },
  });
  transformCell("let warm: number = await 1;", "warm"); // the first cell should not pay for the parser's first use
  void evaluator.run("await 0", "warm");
  Atomics.store(flags, flag.loaded, 1);

  port.onmessage = ({ data }) => receive(data as ToMain);
  port.start();

  function receive(message: ToMain): void {
    switch (message.type) {
      case "execute":
        displays.begin();
        void executor.run(message);
        break;
      case "complete":
        answer(message.request, complete(evaluator, message.code, message.cursor));
        break;
      case "inspect":
        answer(message.request, describeAt(evaluator, message.code, message.cursor));
        break;
      case "existing": {
        const declared = evaluator.lexicalNames();
        const existing = message.names.filter((name) => name in cells || declared.includes(name));
        answer(message.request, existing);
        break;
      }
      case "comm":
        runInCell(message.cell, comms.receive, comms, [message]);
        reporter.post({ type: "handled", cell: message.cell });
        break;
      case "lookedUp":
        lookUp.answer(message.request, message.typed);
        break;
      case "interrupt":
        interrupts.handle(message.number);
        break;
      case "ping":
        interrupts.answerPing(message.number);
        break;
      case "recover":
        interrupts.recover();
        executor.recover();
        break;
      case "exit":
        Atomics.store(flags, flag.exiting, 1);
        exit(message.code);
    }
  }

  function answer(request: number, content: object | undefined): void {
    reporter.post({ type: "answer", request, content: JSON.stringify(content) ?? "" });
  }
}

/**
 * Creates `require`, `module` and `exports` for CommonJS code pasted into a cell, as in Node's own console:
 * `require.main === module` holds.
 */
function commonJs(require: NodeJS.Require, folder: string): Record<string, unknown> {
  const exports = asCellObject({});
  const filename = `${folder}/notebook.ts`;
  const module = asCellObject({
    id: ".",
    path: folder,
    filename,
    exports,
    loaded: false,
    children: asCellObject([]),
    require,
  });
  Object.defineProperty(require, "main", { value: module, writable: true, enumerable: true, configurable: true });
  return { require, module, exports };
}

/**
 * Defines globals that are not enumerable, so that they do not clutter what a cell lists, and replaceable like any
 * global.
 */
function defineGlobals(values: Record<string | symbol, unknown>): void {
  for (const key of Reflect.ownKeys(values)) {
    const value = values[key];
    if (typeof value === "function") asCellObject(value);
    Object.defineProperty(cells, key, {
      value,
      writable: true,
      configurable: true,
      enumerable: false,
    });
  }
}
