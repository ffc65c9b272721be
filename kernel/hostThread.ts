/** The main thread, where user code lives: everything a cell can see is put in place here, and the worker's orders are carried out. */
import { keepChildren } from "./capture/childProcesses.ts";
import { guardProcess } from "./capture/processGuard.ts";
import type { FromMain, ToMain } from "./channels/thread.ts";
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
import { Evaluator } from "./executor/evaluate.ts";
import { Executor } from "./executor/executor.ts";
import { ModuleLoader } from "./executor/moduleLoader.ts";
import { CellRuntime, ModuleRuntime } from "./executor/runtime.ts";
import { Sources } from "./executor/sources.ts";
import { keepStacks } from "./executor/stacks.ts";
import { describeError } from "./executor/traceback.ts";
import { transformCell } from "./executor/transform.ts";
import { createPrompts } from "./input/prompts.ts";
import { type Flags, flag } from "./interrupt/flags.ts";
import { Interrupts } from "./interrupt/interrupts.ts";
import { KernelInterrupt } from "./interrupt/kernelInterrupt.ts";
import { Magics } from "./magics/magics.ts";
import { declares } from "./params/declares.ts";
import { createParams } from "./params/params.ts";
import { callAs, currentCell } from "./parents/currentCell.ts";
import { keepThreads } from "./parents/threads.ts";
import { keepTimers } from "./parents/timers.ts";

/** How long `process.exit` in a cell waits for the worker to say goodbye to the frontend, in milliseconds. */
const farewellMs = 2000;

/**
 * Prepares this thread for cells. Returns what to do with each message of the worker. `captured` says that the process's
 * own stdout and stderr are read by it.
 */
export function startHost(
  flags: Flags,
  post: (message: FromMain) => void,
  captured: boolean,
): (message: ToMain) => void {
  const reporter = new Reporter(post);
  const interrupts = new Interrupts(flags);
  const sources = new Sources();
  keepStacks(sources);
  const modules = new ModuleLoader(sources, (loader, namespace) => new ModuleRuntime(interrupts, loader, namespace));
  const cells = new BoundLoader(modules, () => process.cwd());
  const runtime = new CellRuntime(interrupts, cells);
  const evaluator = new Evaluator(() => runtime.take("caught"));
  const printError = (title: string) => (error: unknown) => {
    if (error instanceof KernelInterrupt) return; // what an interrupt ended after its cell
    reporter.stream("stderr", `${title} ${describeError(error, sources).traceback.join("\n")}\n`);
  };
  const comms = new Comms(
    (report) => reporter.post({ type: "comm", cell: currentCell(), ...report }),
    (error, cell) => callAs(cell, printError("A comm's handler failed:"), undefined, [error]),
  );
  const host = Object.assign(createHost(reporter, interrupts, flags), { comms });
  const notes = createNotes(reporter, sources);
  const toBundle = createToBundle(notes);
  const displays = new Displays(host, toBundle, notes);
  const lookUp = new LookUp(evaluator, post);
  const magics = new Magics({ evaluator, interrupts, host, sources, post, inspect: lookUp.describe, runtime });
  const executor = new Executor({
    evaluator,
    magics,
    interrupts,
    reporter,
    sources,
    takeResult: () => runtime.take("result"),
    toBundle,
    dispose: (thrown) => runtime.dispose(thrown),
    releaseAwaited: () => runtime.release(),
    displaysSettled: () => displays.settled(),
  });
  interrupts.onIdle = () => executor.stopTimers();
  interrupts.onForced = () => evaluator.abandon();

  modules.onLoad = (specifier) => {
    if (specifier === "tslab") wireTslab(host, process.cwd());
  };
  defineGlobals({
    [Symbol.for("thaw.host")]: host,
    __dirname: process.cwd(),
    __filename: `${process.cwd()}/notebook.ts`,
    require: cells.require,
    [Symbol.for("thaw.deno")]: createDeno(displays, toBundle, reporter),
    display: createDisplay(displays),
    clearOutput: createClearOutput(reporter),
    Jupyter: { comms },
    ...createPrompts((order) => reporter.post(order), interrupts),
    params: createParams((name) => sources.cells().some(({ text }) => declares(text, name))),
  });
  Object.defineProperty(globalThis, "__thaw", { value: runtime }); // without it no cell runs any more: it stays
  printInto(reporter);
  keepTimers();
  keepThreads();
  keepChildren({
    stream: (name, text) => reporter.stream(name, text),
    settled: () => reporter.post({ type: "drain" }),
    captured,
  });
  const exit = guardProcess({
    report: (title, error) => printError(title)(error),
    onInterrupt: () => post({ type: "sigint" }),
    onExit: (code) => {
      reporter.post({ type: "exiting", cell: currentCell(), code });
      Atomics.wait(flags, flag.closed, 0, farewellMs); // a process that ends with an open ZeroMQ socket aborts
    },
  });
  transformCell("let warm: number = await 1;", "warm"); // the first cell should not pay for the parser's first use
  void evaluator.run("await 0", "warm");

  return (message) => {
    switch (message.type) {
      case "execute":
        displays.begin();
        return void executor.run(message);
      case "complete":
        return answer(message.request, complete(evaluator, message.code, message.cursor));
      case "inspect":
        return answer(message.request, describeAt(evaluator, message.code, message.cursor));
      case "existing": {
        const declared = evaluator.lexicalNames();
        return answer(
          message.request,
          message.names.filter((name) => name in globalThis || declared.includes(name)),
        );
      }
      case "comm":
        callAs(message.cell, comms.receive, comms, [message]);
        return reporter.post({ type: "handled", cell: message.cell });
      case "lookedUp":
        return lookUp.answer(message.request, message.typed);
      case "interrupt":
        return interrupts.handle(message.number);
      case "ping":
        interrupts.answerPing(message.number);
        return;
      case "recover":
        interrupts.recover();
        return executor.recover();
      case "exit":
        return exit(0);
    }
  };

  function answer(request: number, content: object | undefined): void {
    reporter.post({ type: "answer", request, content: JSON.stringify(content) ?? "" });
  }
}

/** Not enumerable, so that they do not clutter what a cell lists, and replaceable like any global. */
function defineGlobals(values: Record<string | symbol, unknown>): void {
  for (const key of Reflect.ownKeys(values)) {
    Object.defineProperty(globalThis, key, {
      value: values[key],
      writable: true,
      configurable: true,
      enumerable: false,
    });
  }
}
