/** The worker thread of the language service: it answers questions first, at a lower priority than the cells. */
import { readlinkSync } from "node:fs";
import { setPriority } from "node:os";
import { getHeapStatistics } from "node:v8";
import { parentPort, workerData } from "node:worker_threads";
import { flag } from "../shared/flags.ts";
import type { FromLanguage, LanguageQuestion, LanguageStart, ToLanguage } from "../shared/messages.ts";
import { completionsAt } from "./completions.ts";
import { inspectionAt } from "./inspection.ts";
import { Ahead, Members } from "./members.ts";
import { Program } from "./program.ts";
import { typeErrorsOf } from "./typeErrors.ts";

/**
 * The niceness of this thread. It comes behind the cells and the sockets and before what is idle, so that a completion comes
 * soon on a busy machine too.
 */
const niceness = 5;

lowerPriority();
const { folder, flags } = workerData as LanguageStart;
const program = new Program(folder);
const members = new Members(program);
const ahead = new Ahead(program, members);
let looking: NodeJS.Immediate | undefined;
const post = (message: FromLanguage): void => {
  sayMemory();
  parentPort?.postMessage(message);
};
program.service.getSemanticDiagnostics(program.ask("console.log(1)").path); // loads the libraries
post({ type: "ready" });

parentPort?.on("message", (message: ToLanguage) => {
  clearImmediate(looking); // what is left has its turn after the next check
  if (message.type === "add") program.add(message.name, message.code);
  else if (message.type === "remove") program.remove(message.name);
  else {
    post({ type: "answer", request: message.request, answer: answer(message.question) });
    if (message.question.type === "check") lookAhead();
  }
});

/** Messages are received between two steps. */
function lookAhead(): void {
  looking = setImmediate(() => {
    try {
      if (ahead.step()) lookAhead();
      sayMemory();
    } catch {
      // nobody has asked
    }
  });
}

/** A library that plans its memory asks how much of the process's is this thread's. */
function sayMemory(): void {
  const { total_physical_size, external_memory } = getHeapStatistics();
  Atomics.store(flags, flag.language, Math.round((total_physical_size + external_memory) / 1e6));
}

/** A question the service fails at has no answer: a frontend that waits would be worse. */
function answer(question: LanguageQuestion): unknown {
  try {
    switch (question.type) {
      case "complete":
        return completionsAt(program, members, question.code, question.cursor);
      case "inspect":
        return inspectionAt(program, question.code, question.cursor);
      case "check":
        return typeErrorsOf(program, question.name, ahead.questionWith(question.name));
    }
  } catch {
    return undefined;
  }
}

/** Threads have priorities of their own on Linux only; elsewhere the number would be the whole process's. */
function lowerPriority(): void {
  if (process.platform !== "linux") return;
  try {
    setPriority(Number(readlinkSync("/proc/thread-self").split("/").at(-1)), niceness);
  } catch {
    // a container may forbid it
  }
}
