/** `process.stdin`: code and packages that read it ask in the frontend's box; where nobody can answer, that is an error. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { Client, errorText, printed, result } from "../../client.ts";

let client: Client;
let asked = 0;
beforeAll(async () => {
  client = await Client.start();
  await client.execute(
    "import readline from 'node:readline'; import * as promised from 'node:readline/promises'; import prompts from 'prompts'; import { input as ask, confirm, select } from '@inquirer/prompts';",
  );
});
afterAll(async () => {
  await client.stop();
});

const questions: [what: string, code: string, answers: string[], question: string, result: string][] = [
  [
    "rl.question",
    "const rl = readline.createInterface({ input: process.stdin, output: process.stdout }); const name = await new Promise((done) => rl.question('Name? ', done)); rl.close(); name",
    ["Ada"],
    "Name? ",
    "'Ada'",
  ],
  [
    "rl.question of readline/promises, twice",
    "const rl2 = promised.createInterface({ input: process.stdin, output: process.stdout }); const two = [await rl2.question('A? '), await rl2.question('B? ')]; rl2.close(); two",
    ["1", "2"],
    "A? ",
    "[ '1', '2' ]",
  ],
  ["prompts", "(await prompts({ type: 'text', name: 'v', message: 'City?' })).v", ["Oslo"], "City", "'Oslo'"],
  ["input of inquirer", "await ask({ message: 'Town?' })", ["Rome"], "Town", "'Rome'"],
  ["confirm of inquirer", "await confirm({ message: 'Sure?' })", ["y"], "Sure", "true"],
];

test.each<[what: string, code: string, answers: string[], question: string, result: string]>([
  ...questions,
  ["the event data", "String(await new Promise((done) => process.stdin.once('data', done)))", ["x"], "", "'x\\n'"],
  [
    "a loop over lines",
    "const lines = []; for await (const line of readline.createInterface({ input: process.stdin })) { lines.push(line); if (line === 'end') break } lines",
    ["a", "end"],
    "",
    "[ 'a', 'end' ]",
  ],
])("%s gets what the person types", async (_, code, answers, question, expected) => {
  const id = client.start(code, { allow_stdin: true });
  for (const [i, answer] of answers.entries()) {
    const { content } = await client.answer(answer, ++asked);
    if (i === 0) expect(content.prompt).toContain(question);
  }
  const run = await client.finish(id);
  expect(errorText(run)).toBe("");
  expect(result(run)).toBe(expected);
});

test.each(questions)("%s is an error where the frontend cannot ask", async (_, code) => {
  const run = await client.execute(
    code.replace(/const (rl2?|name|two)\b/g, "var refused_$1").replace(/\b(rl2?|name|two)(?=[.)]|$)/g, "refused_$1"),
  );
  expect(errorText(run)).toMatch(/^InputError: /);
  expect(printed(await client.execute("console.log('on')"))).toBe("on\n");
});
