// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the cells of this file have placeholders of their own
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Client, errorText, printed, result } from "../../client.ts";

let client: Client;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "thaw-magics-"));
  client = await Client.start({ cwd: folder });
});

afterAll(async () => {
  await client.stop();
  rmSync(folder, { recursive: true, force: true });
});

const run = (code: string) => client.execute(code);

test("%time prints the time, gives the value and keeps what a statement declares", async () => {
  const timed = await run("%time await new Promise((r) => setTimeout(() => r(7), 30))");
  expect(result(timed)).toBe("7");
  expect(printed(timed)).toMatch(/^CPU times: user .*, sys: .*, total: .*\nWall time: [2-9]\d[\d.]*|\d{3} ms\n$/);
  const declared = await run("%time const squares: number[] = [1, 2, 3].map((x) => x * x)\nsquares");
  expect(printed(declared)).toContain("Wall time");
  expect(result(declared)).toBe("[ 1, 4, 9 ]");
  expect(result(await run("const area = %time squares.length * 2\narea"))).toBe("6");
});

test("%%time keeps the cell's value, variables and lines, and speaks also when the cell throws", async () => {
  const timed = await run("%%time\nconst half = 21\nhalf * 2");
  expect([result(timed), printed(timed).includes("Wall time")]).toEqual(["42", true]);
  expect(result(await run("half"))).toBe("21");
  const thrown = await run("%%time\n\nthrow new Error('late')");
  expect(errorText(thrown)).toMatch(/In\[\d+\]:3:7/);
  expect(printed(thrown)).toContain("Wall time");
});

test("%timeit reports mean and deviation of the runs asked for, and awaits promises", async () => {
  const pattern = /^[\d.]+ (ns|µs|ms) ± [\d.]+ (ns|µs|ms) per loop \(mean ± std\. dev\. of 3 runs, 10 loops each\)\n$/;
  expect(printed(await run("%timeit -n 10 -r 3 Math.sqrt(2)"))).toMatch(pattern);
  const slow = printed(await run("%timeit -n 1 -r 2 await new Promise((r) => setTimeout(r, 20))"));
  expect(slow).toMatch(/^(19|[2-9]\d|\d{3})[\d.]* ms ± .* of 2 runs, 1 loop each\)\n$/);
  expect(printed(await run("%%timeit -n 2 -r 2\nlet sum = 0\nfor (const x of [1, 2]) sum += x"))).toMatch(
    /2 loops each/,
  );
  expect(errorText(await run("%timeit -n x Math.sqrt(2)"))).not.toBe("");
});

test("a command prints what it prints, in the cell, with the notebook's values in it", async () => {
  const shell = await run("const word = 'thawed'\n!echo ${word} $((1 + 1)) \"it's\"; echo complaint >&2");
  expect(printed(shell)).toBe("thawed 2 it's\n");
  expect(printed(shell, "stderr")).toBe("complaint\n");
  expect(result(await run("_exit_code"))).toBe("0");
  const failed = await run("!exit 3");
  expect(failed.reply.content.status).toBe("ok");
  expect(printed(failed, "stderr")).toBe("sh: ended with exit code 3\n");
  expect(result(await run("_exit_code"))).toBe("3");
});

test("the lines of a command can be kept", async () => {
  expect(result(await run("const lines = !printf 'a\\nb c\\n'\nlines"))).toBe("[ 'a', 'b c' ]");
  expect(result(await run("const none = !true x\nnone"))).toBe("[]");
  const list = await run("for (const line of lines) {\n  !echo got ${line}\n}");
  expect(printed(list)).toBe("got a\ngot b c\n");
});

test("no line is lost of a command that prints much at its end, into the cell or into a variable", async () => {
  const busy = "const end = Date.now() + 400; while (Date.now() < end);";
  expect(result(await run("const many = !seq 1 300000\n[many.length, many.at(-1)]"))).toBe("[ 300000, '300000' ]");
  const blocked = await run(`setTimeout(() => { ${busy} }, 20)\nconst late = !sleep 0.05; seq 1 9000\nlate.length`);
  expect(result(blocked)).toBe("9000");
  expect(printed(await run("!seq 1 20000")).split("\n").length).toBe(20_001);
});

test("output appears while the command still runs", async () => {
  const id = client.start("!echo first; sleep 1; echo second");
  const seen = () => client.iopub.some((message) => String(message.content.text).startsWith("first"));
  await client.until(seen, 5000, "first line");
  expect(client.iopub.some((message) => String(message.content.text).includes("second"))).toBe(false);
  expect(printed(await client.finish(id))).toBe("first\nsecond\n");
});

test("%%bash runs the cell with bash and takes it as it is", async () => {
  const bash = await run('%%bash\nfor i in 1 2; do\n  echo "n$i ${#i}"\ndone\n[[ a == a ]] && echo bash');
  expect(printed(bash)).toBe("n1 1\nn2 1\nbash\n");
});

test("an interrupt ends a command with all its children within half a second", async () => {
  for (const command of ["sleep 60", "trap '' INT; sleep 60; sleep 60"]) {
    const id = client.start(`!echo $$; ${command}`);
    const started = () =>
      client.iopub.find((each) => each.header.msg_type === "stream" && each.parentHeader.msg_id === id);
    await client.until(() => started() !== undefined, 5000, "the command's start");
    const pid = Number(started()?.content.text);
    const asked = performance.now();
    await client.request("interrupt_request", {}, "control");
    const { reply } = await client.finish(id);
    const endedMs = performance.now() - asked;
    await client.until(() => !isAlive(pid), 2000, "the group's end");
    const goneMs = performance.now() - asked;
    console.log(`${command}: cell ended after ${endedMs.toFixed(0)} ms, the processes after ${goneMs.toFixed(0)} ms`);
    expect(reply.content.ename).toBe("KernelInterrupt");
    expect(goneMs).toBeLessThan(1500);
  }
  expect(result(await run("word"))).toBe("'thawed'");
});

/** Whether a process of the group is left that is not just waiting to be buried. */
function isAlive(group: number): boolean {
  const rows = execFileSync("ps", ["-axo", "pgid=,stat="], { encoding: "utf8" }).split("\n");
  return rows.some((row) => new RegExp(`^\\s*${group}\\s+[^Z]`).test(row));
}

test.each([
  ["%%bash with Windows' line ends", "%%bash\r\nfor i in 1 2; do\r\n  echo $i\r\ndone\r\n", "1\n2\n"],
  ["%%writefile and a command", "%%writefile lines.sh\r\necho a\r\necho b\r\n", /lines\.sh/],
  ["a command between lines of code", "let crlf = 1;\r\n!echo two\r\nconsole.log(crlf + 2);", "two\n3\n"],
  ["a magic before a lone carriage return", "%env THAW_CR=1\rconsole.log('next')", /^env: THAW_CR=1\nnext\n$/],
  ["a command before a lone carriage return", "!echo one\rconsole.log('next')\r", "one\nnext\n"],
])("line ends of every kind end a magic: %s", async (_, code, shown) => {
  const out = await run(code);
  expect(errorText(out)).toBe("");
  if (typeof shown === "string") expect(printed(out)).toBe(shown);
  else expect(printed(out)).toMatch(shown);
});

test("%env shows, sets and takes values of the notebook; %cd and %pwd move", async () => {
  await run("%env THAW_TEST=${word} ok");
  expect(result(await run("%env THAW_TEST"))).toBe("'thawed ok'");
  expect(printed(await run("!echo $THAW_TEST"))).toBe("thawed ok\n");
  expect(errorText(await run("%env THAW_TESTT"))).toContain("Did you mean THAW_TEST?");
  expect(result(await run("%cd /"))).toBe("'/'");
  expect(result(await run("%pwd"))).toBe("'/'");
  await run("%cd -");
  expect(errorText(await run("%cd nowhere"))).toContain("There is no folder");
});

test("%who, %whos and %reset know the variables that cells have made", async () => {
  await run("%reset -f");
  expect(printed(await run("%who"))).toBe("No cell has made a variable yet.\n");
  await run("const rate = 0.5, names = ['a', 'b']\nclass Model {}\nglobalThis.loose = new Float32Array(9)");
  expect(printed(await run("%who"))).toMatch(/rate {2}names {2}Model {2}loose\n|rate.*names.*Model.*loose/);
  const table = printed(await run("%whos"));
  expect(table).toMatch(/^Variable {2}Type +Size {2}Value\n-+\n/);
  expect(table).toMatch(/\nnames +Array +2 +\[ 'a', 'b' \]/);
  expect(table).toMatch(/\nloose +Float32Array +9 /);
  expect(errorText(await run("%reset"))).toContain("%reset -f");
  expect(printed(await run("%reset -f"))).toBe("4 variables are undefined now.\n");
  expect(result(await run("[typeof rate, typeof Model, typeof loose].join()"))).toBe("'undefined,undefined,undefined'");
  expect(result(await run("const rate = 1\nrate"))).toBe("1");
  expect(printed(await run("%who"))).toBe("rate\n");
});

test("%reset without -f asks, where the frontend takes an answer", async () => {
  await run("const kept = 5");
  for (const [count, answer, left] of [
    [1, "n", "number"],
    [2, "y", "undefined"],
  ] as const) {
    const id = client.start("%reset", { allow_stdin: true });
    expect((await client.answer(answer, count)).content.prompt).toContain("Set every variable to undefined?");
    await client.finish(id);
    expect(result(await run("typeof kept"))).toBe(`'${left}'`);
  }
});

test("%load and %%writefile carry text between cell and file", async () => {
  await run("%%writefile part.ts\nexport const part = `${1}`;");
  expect(readFileSync(join(folder, "part.ts"), "utf8")).toBe("export const part = `${1}`;\n");
  expect(printed(await run("%%writefile -a part.ts\n// more"))).toBe("Appended to part.ts\n");
  const { reply } = await run("%load part.ts");
  const text = "// %load part.ts\nexport const part = `${1}`;\n// more\n";
  expect(reply.content.payload).toEqual([{ source: "set_next_input", text, replace: true }]);
  expect((await run("1")).reply.content.payload).toEqual([]);
  expect(errorText(await run("%load missing.ts"))).toContain("ENOENT");
});

test("name? gives a page, for magics as well", async () => {
  await run("/** Adds. */\nfunction add(a: number, b: number) { return a + b }");
  for (const question of ["add?", "?add", "add??"]) {
    const { reply } = await run(question);
    const [page] = reply.content.payload as { source: string; start: number; data: Record<string, string> }[];
    expect([page?.source, page?.start]).toEqual(["page", 0]);
    expect(page?.data["text/plain"]).toContain("add");
  }
  const { reply } = await run("%timeit?");
  expect(JSON.stringify(reply.content.payload)).toContain("mean and standard deviation");
  const unknown = await run("nothingOfThisName?");
  expect([unknown.reply.content.payload, printed(unknown)]).toEqual([[], expect.stringContaining("nothingOfThisName")]);
});

test("an unknown magic is refused with what exists and what was probably meant", async () => {
  expect(errorText(await run("%tiem f()"))).toMatch(
    /UnknownMagic: There is no magic %tiem\. Did you mean %time\? These exist: %time %timeit/,
  );
  expect(errorText(await run("%matplotlib inline"))).toContain("shown as they are");
  expect(errorText(await run("%%bsh\nls"))).toContain("Did you mean %%bash?");
  expect(errorText(await run("%bash ls"))).toContain("There is %%bash.");
  expect(errorText(await run("1\n%%time"))).toContain("%%time is for a whole cell");
  expect(errorText(await run("%types sometimes"))).toContain("off, warn or strict");
});

test("%lsmagic lists them, %%html shows the cell, %history repeats the cells", async () => {
  expect(printed(await run("%lsmagic"))).toMatch(/%time code +Runs the code once/);
  const html = await run("%%html\n<b>x</b>");
  const shown = html.messages.find(({ header }) => header.msg_type === "display_data");
  expect(shown?.content.data).toEqual({ "text/html": "<b>x</b>", "text/plain": "<b>x</b>" });
  expect(printed(await run("%history"))).toContain("\n%lsmagic\n");
});

test("lines of a cell with magics keep their numbers in tracebacks", async () => {
  const thrown = await run("%pwd\n!true x\n// note\nthrow new Error('here')");
  expect(errorText(thrown)).toMatch(/In\[\d+\]:4:7/);
  expect(errorText(await run("%pwd\nconst = 5"))).toMatch(/SyntaxError[\s\S]*In\[\d+\]:2:7/);
});

test("a process that a command leaves behind does not hold the cell", async () => {
  const started = performance.now();
  await run("!sleep 3 &");
  console.log(`the cell ended after ${(performance.now() - started).toFixed(0)} ms`);
  expect(performance.now() - started).toBeLessThan(2500);
});
