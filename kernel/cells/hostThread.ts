/** The main thread, where user code lives: everything a cell can see is put in place here, and the worker's orders are carried out. */

import { Poster } from "../shared/backpressure.ts";
import { type Flags, flag } from "../shared/flags.ts";
import type { FromMain, ToMain } from "../shared/messages.ts";
import { keepChildren } from "./capture/childProcesses.ts";
import { guardProcess } from "./capture/processGuard.ts";
import { cellSide, cells, given } from "./cellRealm.ts";
import { Comms } from "./comm/comms.ts";
import { complete } from "./completion/complete.ts";
import { describeAt } from "./completion/inspect.ts";
import { LookUp } from "./completion/lookUp.ts";
import { createDeno } from "./display/deno.ts";
import { Displays } from "./display/display.ts";
import { createClearOutput, createHost } from "./display/host.ts";
import { createToBundle } from "./display/mime.ts";
import { createNotes } from "./display/notes.ts";
import { printInto } from "./display/printStreams.ts";
import { Reporter } from "./display/reporter.ts";
import { createDisplay } from "./display/shortcuts.ts";
import { wireTslab } from "./display/tslab.ts";
import { BoundLoader } from "./executor/boundLoader.ts";
import { Disposals } from "./executor/disposals.ts";
import { Evaluator } from "./executor/evaluate.ts";
import { Executor } from "./executor/executor.ts";
import { CellNames } from "./executor/liveImports.ts";
import { ModuleLoader } from "./executor/moduleLoader.ts";
import { Sources } from "./executor/sources.ts";
import { keepStacks } from "./executor/stacks.ts";
import { describeError } from "./executor/traceback.ts";
import { transformCell } from "./executor/transform.ts";
import { createPrompts } from "./input/prompts.ts";
import { readInput } from "./input/stdin.ts";
import { Interrupts } from "./interrupt/interrupts.ts";
import { KernelInterrupt } from "./interrupt/kernelInterrupt.ts";
import { Magics } from "./magics/magics.ts";
import { declares } from "./params/declares.ts";
import { createParams } from "./params/params.ts";
import { callAs, currentCell } from "./parents/currentCell.ts";
import { keepThreads } from "./parents/threads.ts";
import { keepTimers } from "./parents/timers.ts";
import type { RealmPort } from "./realm.ts";

/**
 * How long `process.exit` in a cell waits for the worker to say goodbye to the frontend, in milliseconds: longer than the
 * worker may take until its sockets are closed.
 */
const farewellMs = 4000;

export interface HostStart {
  readonly flags: Flags;
  /** Leads to the worker. */
  readonly port: RealmPort;
  /** Whether the worker reads the process's own stdout and stderr. */
  readonly captured: boolean;
}

/** Prepares this thread for cells, and carries out what the worker orders. */
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
  keepStacks(sources);
  const modules = new ModuleLoader(
    flags,
    sources,
    (loader, namespace) => new cellSide.ModuleRuntime(flags, interrupts, loader, namespace),
  );
  const loader = new BoundLoader(modules, folder);
  const disposals = new Disposals();
  const runtime = new cellSide.CellRuntime(flags, interrupts, loader, disposals);
  const names = new CellNames();
  const evaluator = new Evaluator(runtime, names);
  const printError = (title: string) => (error: unknown) => {
    if (KernelInterrupt.is(error)) return; // what an interrupt ended after its cell
    reporter.stream("stderr", `${title} ${describeError(error, sources).traceback.join("\n")}\n`);
  };
  const comms = new Comms(
    (report) => reporter.post({ type: "comm", cell: currentCell(), ...report }),
    (error, cell) => callAs(cell, printError("A comm's handler failed:"), undefined, [error]),
  );
  const host = Object.assign(createHost(reporter, interrupts, flags), { comms });
  const notes = createNotes(reporter, sources);
  const toBundle = createToBundle(notes);
  const displays = new Displays(reporter, toBundle, notes);
  const lookUp = new LookUp(evaluator, post);
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
    [Symbol.for("thaw.host")]: host,
    __dirname: folder,
    __filename: `${folder}/notebook.ts`,
    ...commonJs(loader.require, folder),
    [Symbol.for("thaw.deno")]: createDeno(displays, toBundle, reporter),
    display: createDisplay(displays),
    clearOutput,
    Jupyter: { comms },
    ...createPrompts((order) => reporter.post(order), interrupts),
    params: createParams((name) => sources.cells().some(({ text }) => declares(text, name))),
  });
  cells.process.argv = given([process.execPath, `${folder}/notebook.ts`]); // the kernel's own is nobody's business
  Object.defineProperty(cells, "__thaw", { value: runtime }); // without it no cell runs any more: it stays
  const { stdout, stderr } = printInto(
    reporter,
    given(() => clearOutput()),
  );
  runtime.streams = [stdout, stderr];
  readInput({ post: (order) => reporter.post(order), interrupts, question: () => stdout.takeOpenLine() });
  keepTimers();
  keepThreads();
  keepChildren({
    stream: (name, text) => reporter.stream(name, text),
    settled: () => reporter.post({ type: "drain" }),
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
        callAs(message.cell, comms.receive, comms, [message]);
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

/** What pasted CommonJS finds, as in Node's own console: `require.main === module` too. */
function commonJs(require: NodeJS.Require, folder: string): Record<string, unknown> {
  const exports = given({});
  const filename = `${folder}/notebook.ts`;
  const module = given({ id: ".", path: folder, filename, exports, loaded: false, children: given([]), require });
  Object.defineProperty(require, "main", { value: module, writable: true, enumerable: true, configurable: true });
  return { require, module, exports };
}

/** Not enumerable, so that they do not clutter what a cell lists, and replaceable like any global. */
function defineGlobals(values: Record<string | symbol, unknown>): void {
  for (const key of Reflect.ownKeys(values)) {
    const value = values[key];
    if (typeof value === "function") given(value);
    Object.defineProperty(cells, key, {
      value,
      writable: true,
      configurable: true,
      enumerable: false,
    });
  }
}
