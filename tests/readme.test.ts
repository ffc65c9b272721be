import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const folder = fileURLToPath(new URL("../build/readme/", import.meta.url));
const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const blocks = (language: string) =>
  [...readme.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, "gs"))].map(([, code]) => code as string);
const [dozen, tasks, inAndOut, ...others] = blocks("ts") as [string, string, string, ...string[]];

/** Times and the last digits of results differ from machine to machine; hashes of frozen weights and words do not. */
const withoutNumbers = (text: string) => text.replace(/\d[\d.,:]*/g, "#").trim();

async function run(name: string, code: string): Promise<string> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}${name}.mjs`, code);
  return (await promisify(execFile)(process.execPath, [`${name}.mjs`], { cwd: folder })).stdout;
}

test("every block of code in the README is run here", () => {
  expect(others).toEqual([]);
});

test("the dozen lines run as they stand and print what the README says, and what they trained is saved", async () => {
  rmSync(folder, { recursive: true, force: true });
  const stdout = await run("dozen", `${dozen}\n${inAndOut}`);
  expect(withoutNumbers(stdout)).toBe(withoutNumbers(blocks("text")[0] as string));
  for (const file of ["reviews/model.safetensors", "reviews/config.json", "reviews-web/onnx/model_quantized.onnx"]) {
    expect(existsSync(`${folder}runs/${file}`), file).toBe(true);
  }
}, 300_000);

test("pairs, several labels and numbers are read as the README reads them", async () => {
  const files = {
    "nli.tsv": "premise\thypothesis\tlabel\nA dog runs.\tIt moves.\tyes\nA dog runs.\tIt sleeps.\tno\n",
    "emotions.csv": "text,emotions\nFine.,joy|trust\nOh.,\nNo.,anger\n",
    "ratings.csv": "text,stars\nFine.,4.5\nNo.,1\n",
  };
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(folder + name, content);
  const shown = "for (const data of [pairs, emotions, ratings]) console.log(data.problemType, data.labelNames.join());";
  expect(await run("tasks", `import { TextDataset } from "thaw";\n${tasks}\n${shown}`)).toBe(
    "single_label_classification no,yes\nmulti_label_classification anger,joy,trust\nregression stars\n",
  );
});
