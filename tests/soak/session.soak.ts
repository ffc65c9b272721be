/**
 * Goal 31: a kernel as it is used for hours. A seeded script mixes cells that compute, print, plot, fail, ask, are stopped,
 * and leave things behind, with restarts; every answer is known beforehand. `THAW_SOAK_MINUTES` says how long (default: 5),
 * `THAW_SOAK_SEED` which script (default: 31). A failure names both, and the step.
 */
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { residentMegabytes } from "../../bench/kernel/processMemory.ts";
import type { Message } from "../../kernel/protocol/wire/message.ts";
import { Client, errorText, parentId, printed, type Run, result, sleep } from "../kernel/client.ts";
import { disorder } from "../kernel/messageSchema.ts";

const minutes = Number(process.env.THAW_SOAK_MINUTES ?? 5);
const seed = Number(process.env.THAW_SOAK_SEED ?? 31);
/** What memory may grow by from the second third of the run to its last, in runs of an hour or more. */
const allowedGrowth = 0.02;
/** In shorter runs heaps are still finding their size: what a step may add, in kilobytes. */
const allowedPerStep = 10;

/** A generator of whole numbers below `n`, the same for the same seed. */
function seeded(start: number): (n: number) => number {
  let state = start >>> 0;
  return (n) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

/** What a script knows of a kernel: the values that its cells have left. */
class Session {
  readonly client: Client;
  readonly random: (n: number) => number;
  readonly variables = new Map<string, number>();
  /** Requests of earlier steps: of these only what was printed later may come. */
  readonly over = new Set<string>();
  step = 0;

  constructor(client: Client, random: (n: number) => number) {
    this.client = client;
    this.random = random;
  }

  async is(code: string, value: string): Promise<Run> {
    const run = await this.client.execute(code);
    expect([errorText(run), result(run)], code).toEqual(["", value]);
    return run;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.random(list.length)] as T;
  }

  /** Children of a request, also those that came after its idle. */
  children(run: Run): Message[] {
    return this.client.iopub.filter((message) => parentId(message) === parentId(run.reply));
  }

  async untilPrinted(run: Run, text: string): Promise<void> {
    const there = () => printed({ ...run, messages: this.children(run) }).includes(text);
    await this.client.until(there, 20_000, `"${text}" under its cell`);
  }
}

const contents = (run: Run, type: string) =>
  run.messages.filter(({ header }) => header.msg_type === type).map(({ content }) => content);

/** The steps, by name. Each asks something of the kernel, and knows the answer. */
const steps: Readonly<Record<string, (session: Session) => Promise<unknown>>> = {
  async computes(s) {
    const [a, b] = [s.random(1e6), s.random(1e6)];
    await s.is(`${a} * ${b} + ${s.step}`, String(a * b + s.step));
  },
  async declares(s) {
    const [name, value] = [`v${s.random(50)}`, s.random(1e9)];
    s.variables.set(name, value);
    await s.is(`${s.pick(["let", "const", "var"])} ${name} = ${value}; ${name}`, String(value));
  },
  async remembers(s) {
    const name = s.pick([...s.variables.keys()]);
    if (name !== undefined) await s.is(`(() => ${name})()`, String(s.variables.get(name)));
  },
  async prints(s) {
    const count = 1 + s.random(2000);
    const run = await s.client.execute(`for (let i = 0; i < ${count}; i++) console.log('line', i)`);
    expect(printed(run)).toBe(Array.from({ length: count }, (_, i) => `line ${i}\n`).join(""));
  },
  async printsOnBoth(s) {
    const run = await s.client.execute("for (let i = 0; i < 40; i++) i % 2 ? console.error(i) : console.log(i)");
    expect(
      contents(run, "stream")
        .map(({ text }) => text)
        .join(""),
    ).toBe(Array.from({ length: 40 }, (_, i) => `${i}\n`).join(""));
  },
  async printsHalves(s) {
    const run = await s.client.execute(
      "for (const unit of '😀😀') for (const half of unit.split('')) process.stdout.write(half); process.stdout.write('\\ud83d')",
    );
    expect(printed(run)).toBe("😀😀\ufffd");
  },
  async plots(s) {
    const points = Array.from({ length: 10 + s.random(500) }, () => s.random(1000));
    const run = await s.client.execute(
      `({ data: [{ type: "scatter", y: ${JSON.stringify(points)} }], layout: { title: "loss ${s.step}" } })`,
    );
    const [shown] = contents(run, "execute_result");
    const data = shown?.data as Record<string, { data: { y: number[] }[] }>;
    expect(data["application/vnd.plotly.v1+json"]?.data[0]?.y).toEqual(points);
    expect(data["text/plain"]).toBe(`Plotly figure "loss ${s.step}": scatter`);
  },
  async updatesADisplay(s) {
    const run = await s.client.execute(
      `const bar${s.step % 50} = display.html("<b>0 %</b>"); for (let i = 1; i <= 20; i++) { bar${s.step % 50}.update({ data: { "text/html": \`<b>\${i * 5} %</b>\` } }); if (i % 5 === 0) await new Promise((r) => setTimeout(r, 1)); }`,
    );
    const updates = contents(run, "update_display_data");
    expect(updates).toHaveLength(20);
    expect(updates.at(-1)).toMatchObject({ data: { "text/html": "<b>100 %</b>", "text/plain": "100 %" } });
  },
  async showsMuch(s) {
    const run = await s.client.execute(
      `display.html("<p>${"word ".repeat(20)}</p>".repeat(2000)); display({ data: { "image/png": Buffer.alloc(100_000, ${s.step % 255}) } })`,
    );
    expect(contents(run, "display_data").map(({ data }) => Object.keys(data as object).sort())).toEqual([
      ["text/html", "text/plain"],
      ["image/png", "text/plain"],
    ]);
  },
  async shows(s) {
    const run = await s.client.execute("[{ a: 1, b: 'x' }, { a: 2, b: 'y' }]");
    expect(contents(run, "execute_result")[0]?.data).toMatchObject({ "text/html": expect.stringContaining("<table") });
  },
  async fails(s) {
    const run = await s.client.execute(
      `function fails${s.step % 100}() {\n  throw new RangeError("of step ${s.step}");\n}\nfails${s.step % 100}()`,
    );
    expect(run.reply.content).toMatchObject({ status: "error", ename: "RangeError", evalue: `of step ${s.step}` });
    expect(errorText(run)).toMatch(/In\[\d+\]:2:9/);
  },
  async isRefused(s) {
    const run = await s.client.execute(s.pick(["function function", "const = 5", "let x = ;", "await await"]));
    expect(run.reply.content).toMatchObject({ status: "error", ename: "SyntaxError" });
  },
  async abortsWhatWaits(s) {
    const failsLater = "await new Promise((r) => setTimeout(r, 50)); throw new Error('stop')"; // when all have been sent
    const ids = [failsLater, "1", "2", "3"].map((code) => s.client.start(code));
    const states = [];
    for (const id of ids) states.push((await s.client.finish(id)).reply.content.status);
    expect(states).toEqual(["error", "aborted", "aborted", "aborted"]);
  },
  async runsManyAtOnce(s) {
    const ids = Array.from({ length: 30 }, (_, i) => s.client.start(`${i} + ${s.step}`));
    for (const [i, id] of ids.entries()) expect(result(await s.client.finish(id))).toBe(String(i + s.step));
  },
  async isStopped(s) {
    const loop = s.pick([
      "while (true) {}",
      "new Function('while (true) {}')()",
      "await new Promise(() => {})",
      "await 1; while (true) {}",
      "while (true) await null",
      "setInterval(() => console.log('tick'), 5); await new Promise(() => {})",
      "const chain = () => Promise.resolve().then(chain); await chain()",
      "require('child_process').execSync('sleep 30')",
      "for (let i = 0; ; i++) console.log(i)",
      "try { while (true) {} } finally { globalThis.cleared = 1 }",
    ]);
    const id = s.client.start(loop);
    await sleep(20 + s.random(60));
    await s.client.request("interrupt_request", {}, "control");
    expect((await s.client.finish(id)).reply.content, loop).toMatchObject({
      status: "error",
      ename: "KernelInterrupt",
    });
  },
  async isStoppedWhileIdle(s) {
    expect((await s.client.request("interrupt_request", {}, "control")).content).toEqual({ status: "ok" });
  },
  async printsLater(s) {
    const run = await s.client.execute(`setTimeout(() => console.log("later of ${s.step}"), ${s.random(60)}); 0`);
    await s.is("await new Promise((r) => setTimeout(r, 5)); 'between'", "'between'");
    await s.untilPrinted(run, `later of ${s.step}`);
  },
  async asks(s) {
    const id = s.client.start(`input("Name of ${s.step}: ")`, { allow_stdin: true });
    const question = await s.client.answer(`answer ${s.step}`, s.client.questions.length + 1);
    expect(question.content.prompt).toBe(`Name of ${s.step}: `);
    expect(result(await s.client.finish(id))).toBe(`'answer ${s.step}'`);
  },
  async completes(s) {
    const { content } = await s.client.request("complete_request", { code: "Math.sqr", cursor_pos: 8 });
    expect(content).toMatchObject({ status: "ok", matches: expect.arrayContaining(["sqrt"]) });
  },
  async inspects(s) {
    expect((await s.client.request("inspect_request", { code: "Math", cursor_pos: 2 })).content).toMatchObject({
      status: "ok",
      found: true,
    });
  },
  async asksSmallThings(s) {
    expect((await s.client.request("is_complete_request", { code: "f(" })).content.status).toBe("incomplete");
    expect(
      (await s.client.request("kernel_info_request", {}, s.pick(["shell", "control"] as const))).content.status,
    ).toBe("ok");
    expect(
      (await s.client.request("history_request", { hist_access_type: "tail", n: 3, output: true, raw: true })).content
        .status,
    ).toBe("ok");
    expect(await s.client.heartbeat()).toBeGreaterThan(0);
  },
  async talksOnAComm(s) {
    const comm_id = `comm ${s.step}`;
    const buffers = [Buffer.alloc(1 + s.random(50_000), 7)];
    s.client.send("comm_open", { comm_id, target_name: "echo", data: { step: s.step } });
    s.client.send("comm_msg", { comm_id, data: { n: s.step } }, "shell", { buffers });
    const echo = () =>
      s.client.iopub.find(({ header, content }) => header.msg_type === "comm_msg" && content.comm_id === comm_id);
    await s.client.until(() => echo() !== undefined, 20_000, "the comm's echo");
    expect(echo()?.content.data).toEqual({ got: s.step, bytes: buffers[0]?.length });
    const last = s.client.send("comm_close", { comm_id, data: {} });
    const isIdle = (message: Message) => parentId(message) === last && message.content.execution_state === "idle";
    await s.client.until(() => s.client.iopub.some(isIdle), 20_000, "the end of the comm");
  },
  async startsAProcess(s) {
    expect(printed(await s.client.execute(`!echo process ${s.step}`))).toBe(`process ${s.step}\n`);
  },
  async startsAThread(s) {
    const run = await s.client.execute(
      `const thread = new (require("worker_threads").Worker)("console.log('thread ${s.step}')", { eval: true }); await new Promise((done) => thread.once("exit", done)); 0`,
    );
    await s.untilPrinted(run, `thread ${s.step}`);
  },
  async importsAFile(s) {
    const file = `soak-${s.random(5)}.ts`;
    const code = `require("fs").writeFileSync(process.env.JUPYTER_DATA_DIR + "/${file}", "export const step: number = ${s.step};")`;
    await s.client.execute(code);
    await s.is(`const { step } = await import(process.env.JUPYTER_DATA_DIR + "/${file}"); step`, String(s.step));
  },
  async isSilent(s) {
    const run = await s.client.execute(`globalThis.silent = ${s.step}`, { silent: true });
    expect(new Set(run.messages.map(({ header }) => header.msg_type))).toEqual(new Set(["status"]));
    await s.is("silent", String(s.step));
  },
  async allocates(s) {
    await s.is(
      `Array.from({ length: 20_000 }, (_, i) => ({ i, text: "x".repeat(20) })).length + Buffer.alloc(1_000_000).length`,
      "1020000",
    );
  },
  async throwsLater(s) {
    const run = await s.client.execute(`Promise.reject(new Error("nobody waits for ${s.step}")); 0`);
    const told = () =>
      s.children(run).some(({ content }) => String(content.text).includes(`nobody waits for ${s.step}`));
    await s.client.until(told, 20_000, "the unhandled rejection");
  },
};
/** Steps that take long, or leave something for good, come once in so many turns. */
const rare: Readonly<Record<string, number>> = {
  isStopped: 4,
  startsAThread: 8,
  importsAFile: 8,
  showsMuch: 4,
  startsAProcess: 4,
};

const prepared =
  "Jupyter.comms.registerTarget('echo', (comm) => comm.onMessage(({ data, buffers }) => comm.send({ got: data.n, bytes: buffers[0].length }))); 0";

async function begin(random: (n: number) => number): Promise<Session> {
  const session = new Session(await Client.start(), random);
  await session.is(prepared, "0");
  return session;
}

const lateTypes = ["stream", "comm_msg"];

/** One step of the script, after which what came is looked at as a whole, and forgotten. */
async function turn(session: Session): Promise<string> {
  session.step++;
  let name = session.pick(Object.keys(steps));
  while (rare[name] !== undefined && session.random(rare[name] as number) !== 0)
    name = session.pick(Object.keys(steps));
  await steps[name]?.(session);
  const { iopub } = session.client;
  const own = () => iopub.filter((message) => !session.over.has(parentId(message)));
  await session.client.until(
    () => !disorder(own()).some((problem) => problem.endsWith("becomes idle")),
    20_000,
    "idle",
  );
  const late = iopub.filter((message) => session.over.has(parentId(message))).map(({ header }) => header.msg_type);
  expect([...disorder(own(), lateTypes), ...late.filter((type) => !lateTypes.includes(type))]).toEqual([]);
  for (const message of iopub) session.over.add(parentId(message));
  session.over.delete(""); // what answers nothing
  iopub.length = 0;
  session.client.questions.length = 0;
  return name;
}

const openDescriptors = (pid: number | "self") => readdirSync(`/proc/${pid}/fd`).length;
const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

test(
  `${minutes} minutes of a mixed script: no hang, no wrong answer, memory and descriptors flat`,
  async () => {
    const random = seeded(seed);
    const counts: Record<string, number> = {};
    const samples: { step: number; megabytes: number; descriptors: number }[] = [];
    let [restarts, turns] = [0, 0];
    const long = await begin(random); // lives through the whole run
    let short = await begin(random); // is restarted now and then
    const own = openDescriptors("self");
    const started = performance.now();
    const elapsed = () => (performance.now() - started) / 60_000;
    const pid = long.client.process.pid as number;
    let name = "";
    try {
      for (let sampled = 0; elapsed() < minutes; turns++) {
        const session = random(4) === 0 ? short : long;
        name = await turn(session);
        counts[name] = (counts[name] ?? 0) + 1;
        if (session === short && random(40) === 0) {
          name = "restarts";
          if (random(2) === 0) short.client.start(random(2) === 0 ? "while (true) {}" : "await new Promise(() => {})");
          expect(await short.client.stop(true), short.client.log).toBe(0);
          short = await begin(random);
          restarts++;
        }
        if (elapsed() - sampled < minutes / 60) continue;
        sampled = elapsed();
        samples.push({ step: long.step, megabytes: residentMegabytes(pid), descriptors: openDescriptors(pid) });
      }
    } catch (error) {
      throw new Error(
        `Seed ${seed}, after ${turns} turns, behind "${name}", step ${long.step} and ${short.step}; ${long.client.log}`,
        { cause: error },
      );
    }
    const third = (n: number) => samples.slice((n * samples.length) / 3, ((n + 1) * samples.length) / 3);
    const [second, last] = [third(1), third(2)].map((part) => ({
      step: median(part.map(({ step }) => step)),
      megabytes: median(part.map(({ megabytes }) => megabytes)),
    })) as [{ step: number; megabytes: number }, { step: number; megabytes: number }];
    const growth = last.megabytes / second.megabytes - 1;
    const perStep = (1000 * (last.megabytes - second.megabytes)) / (last.step - second.step);
    const descriptors = [third(1), third(2)].map((part) => Math.max(...part.map((sample) => sample.descriptors)));
    console.log(
      `session: seed ${seed}, ${minutes} minutes: ${turns} turns, ${restarts} restarts, 0 hangs, 0 wrong answers; ` +
        `RSS ${second.megabytes.toFixed(0)} MB in the second third, ${last.megabytes.toFixed(0)} MB in the last ` +
        `(${(100 * growth).toFixed(1)} %, ${perStep.toFixed(1)} kB a step); ` +
        `at most ${descriptors.join(", then ")} descriptors open`,
    );
    console.log(
      Object.entries(counts)
        .map(([step, count]) => `${step} ${count}`)
        .sort()
        .join(", "),
    );
    expect(await long.client.stop()).toBe(0);
    expect(await short.client.stop()).toBe(0);
    expect(long.client.log + short.client.log).not.toContain("unexpected");
    if (minutes >= 60) expect(growth).toBeLessThanOrEqual(allowedGrowth);
    else expect(perStep).toBeLessThanOrEqual(allowedPerStep);
    expect(descriptors[1]).toBeLessThanOrEqual((descriptors[0] ?? 0) + 2);
    expect(openDescriptors("self")).toBeLessThanOrEqual(own + 10);
  },
  minutes * 60_000 + 300_000,
);
