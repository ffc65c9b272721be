import { afterAll, beforeAll, expect, test } from "vitest";
import { Client, errorText, printed, result } from "../client.ts";

let client: Client;
beforeAll(async () => {
  client = await Client.start({ cwd: "/tmp/kx/pk" });
});
afterAll(async () => {
  await client.stop();
});
let asked = 0;
const asking = (code: string) => client.start(code, { allow_stdin: true });

test.each<[string, string, string[], string, string]>([
  [
    "rl.question",
    "import readline from 'node:readline'; const rl = readline.createInterface({ input: process.stdin, output: process.stdout }); const a1 = await new Promise(r => rl.question('Name? ', r)); rl.close(); a1",
    ["Ada"],
    "Name? ",
    "'Ada'",
  ],
  [
    "promises",
    "import * as rp from 'node:readline/promises'; const rl2 = rp.createInterface({ input: process.stdin, output: process.stdout }); const a2 = await rl2.question('Age? '); rl2.close(); a2",
    ["36"],
    "Age? ",
    "'36'",
  ],
  [
    "twice",
    "const rl3 = rp.createInterface({ input: process.stdin, output: process.stdout }); const b = [await rl3.question('A? '), await rl3.question('B? ')]; rl3.close(); b",
    ["1", "2"],
    "A? ",
    "[ '1', '2' ]",
  ],
  ["data", "String(await new Promise(r => process.stdin.once('data', r)))", ["x"], "", "'x\\n'"],
  [
    "for await",
    "let l = []; for await (const line of rp.createInterface({ input: process.stdin })) { l.push(line); if (line === 'end') break } l",
    ["a", "end"],
    "",
    "[ 'a', 'end' ]",
  ],
  [
    "prompts",
    "import prompts from 'prompts'; (await prompts({ type: 'text', name: 'v', message: 'City?' })).v",
    ["Oslo"],
    "City",
    "'Oslo'",
  ],
  [
    "inquirer",
    "import { input as ask, confirm as sure } from '@inquirer/prompts'; await ask({ message: 'Town?' })",
    ["Rome"],
    "Town",
    "'Rome'",
  ],
  ["inquirer confirm", "await sure({ message: 'Sure?' })", ["y"], "Sure", "true"],
  [
    "enquirer",
    "import enquirer from 'enquirer'; (await enquirer.prompt({ type: 'input', name: 'v', message: 'Land?' })).v",
    ["Peru"],
    "Land",
    "'Peru'",
  ],
])("%s", async (_, code, answers, question, expected) => {
  const id = asking(code);
  for (const answer of answers) {
    const q = await client.answer(answer, ++asked);
    console.log(JSON.stringify(q.content));
    if (answer === answers[0]) expect(q.content.prompt).toContain(question);
  }
  const run = await client.finish(id);
  expect(errorText(run)).toBe("");
  expect(result(run)).toBe(expected);
});
test.each([
  [
    "rl.question",
    "const rlx = readline.createInterface({ input: process.stdin, output: process.stdout }); await new Promise(r => rlx.question('Name? ', r))",
  ],
  ["promises", "await rp.createInterface({ input: process.stdin }).question('Age? ')"],
  ["prompts", "await prompts({ type: 'text', name: 'v', message: 'City?' })"],
  ["inquirer", "await ask({ message: 'Town?' })"],
  ["enquirer", "await enquirer.prompt({ type: 'input', name: 'v', message: 'Land?' })"],
  ["data", "await new Promise(r => process.stdin.once('end', r).resume())"],
])("refused %s", async (_, code) => {
  const run = await client.execute(code);
  console.log(errorText(run).slice(0, 300), printed(run).slice(0, 100));
  expect(result(await client.execute("1+1"))).toBe("2");
});
