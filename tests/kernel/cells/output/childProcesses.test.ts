import { afterAll, beforeAll, expect, test } from "vitest";
import { Client, errorText, printed, type Run, result, sleep } from "../../client.ts";

let client: Client;
beforeAll(async () => {
  client = await Client.start();
  await client.execute("const cp = require('node:child_process');");
});
afterAll(async () => {
  await client.stop();
});

/** What has been printed under the cell of `run` so far. */
function printedUnder(run: Run, name = "stdout"): string {
  const { msg_id } = run.reply.parentHeader;
  return printed({ ...run, messages: client.iopub.filter(({ parentHeader }) => parentHeader.msg_id === msg_id) }, name);
}

const ended = (child: string) => `await new Promise((done) => ${child}.on('close', done));`;

test.each<[what: string, code: string, stdout: string, stderr: string]>([
  [
    "spawn",
    `const a = cp.spawn('sh', ['-c', 'echo out; echo err >&2'], { stdio: 'inherit' }); ${ended("a")}`,
    "out\n",
    "err\n",
  ],
  [
    "stdio in a list",
    `const b = cp.spawn('sh', ['-c', 'echo out; echo err >&2'], { stdio: ['ignore', 2, process.stdout] }); ${ended("b")}`,
    "err\n",
    "out\n",
  ],
  [
    "fork",
    `const c = cp.fork('/dev/null', [], { execArgv: ['--import', 'data:text/javascript,console.log("forked")'] }); ${ended("c")}`,
    "forked\n",
    "",
  ],
  ["execSync", "cp.execSync('echo out; echo err >&2', { stdio: 'inherit' })", "out\n", "err\n"],
  [
    "execFileSync with stderr inherited",
    "cp.execFileSync('sh', ['-c', 'echo out; echo err >&2'], { stdio: ['ignore', 'pipe', 'inherit'] })",
    "",
    "err\n",
  ],
  [
    "spawnSync",
    "cp.spawnSync('sh', ['-c', 'echo out; echo err >&2; exit 3'], { stdio: ['ignore', 'inherit', 'ignore'] })",
    "out\n",
    "",
  ],
  [
    "execSync that fails",
    "try { cp.execSync('echo out; exit 3', { stdio: 'inherit' }) } catch (error) { console.log(error.status, error.stdout) }",
    "out\n3 null\n",
    "",
  ],
  [
    "exec with its stdout piped on",
    `import { exec } from 'node:child_process'; const d = exec('echo out'); d.stdout.pipe(process.stdout); ${ended("d")}`,
    "out\n",
    "",
  ],
])("%s prints into the cell", async (_, code, stdout, stderr) => {
  const run = await client.execute(code);
  expect(errorText(run)).toBe("");
  expect([printed(run), printed(run, "stderr")]).toEqual([stdout, stderr]);
});

test("a child prints under the cell that started it, while others run", async () => {
  const first = await client.execute("cp.spawn('sh', ['-c', 'sleep 0.1; echo inherited'], { stdio: 'inherit' }); 0");
  const second = await client.execute("cp.exec('sleep 0.1; echo piped', (error, text) => console.log(text.trim())); 0");
  const third = await client.execute(
    "new (require('node:worker_threads').Worker)('setTimeout(() => console.log(\"thread\"), 100)', { eval: true }); 0",
  );
  const last = await client.execute("await new Promise((done) => setTimeout(done, 600)); console.log('last')");
  expect([first, second, third, last].map((run) => printedUnder(run))).toEqual([
    "inherited\n",
    "piped\n",
    "thread\n",
    "last\n",
  ]);
});

test("what the cell sees of a child that inherits is what Node shows", async () => {
  const run = await client.execute(`
    const e = cp.spawn('true', [], { stdio: 'inherit' });
    const seen = [e.stdout, e.stderr, e.stdio.length, e.stdio.every((each) => each === null)];
    const f = cp.spawnSync('echo', ['x'], { stdio: 'inherit' });
    seen.push(f.stdout, f.status, cp.execSync('true', { stdio: 'inherit' }), cp.execSync('echo x').toString().trim());
    seen.push(await new Promise((done) => e.on('close', done)));
    String(seen)`);
  expect(result(run)).toBe("',,3,true,,0,,x,0'");
});

test("a character torn over two writes of a child is whole", async () => {
  const run = await client.execute(
    `const g = cp.spawn('sh', ['-c', "printf '\\\\303'; sleep 0.1; printf '\\\\251'"], { stdio: 'inherit' }); ${ended("g")}`,
  );
  await sleep(50);
  expect(printedUnder(run)).toBe("é");
});
