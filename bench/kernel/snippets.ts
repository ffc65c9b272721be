/** The cells that the kernels run, the same in both languages. */

interface Snippets {
  /** Ends with the value `n`; its text was never seen before. */
  readonly trivial: (n: number) => string;
  /** Defines `settings` with a property `learningRate`. */
  readonly settings: string;
  readonly printLines: (count: number) => string;
  /** Blocks the main thread without giving way. */
  readonly block: (seconds: number) => string;
  /** Ends with the longest pause, in ms, of a loop that awaits for 1.5 s. */
  readonly longestPause: string;
  /** Throws on line 9, below lines that compilers like to move. */
  readonly throwOnLine9: string;
  readonly printLater: string;
  readonly awaitHalfASecond: string;
  readonly childProcess: string;
  /** Defines `kept` as 42. */
  readonly keep: string;
  /** Prints "begun". */
  readonly begin: string;
  /** Cells that never end, by their names. */
  readonly endless: Readonly<Record<Endless, string>>;
}

export const endless = [
  "a loop",
  "an await that never settles",
  "a loop after an await",
  "a loop that prints and awaits",
] as const;
type Endless = (typeof endless)[number];

const typescript: Snippets = {
  trivial: (n) => `const value${n}: number = ${n}; value${n}`,
  settings: "const settings = { learningRate: 5e-5, layers: [10, 11] };",
  printLines: (count) => `for (let i = 0; i < ${count}; i++) console.log(\`line \${i}\`);`,
  block: (seconds) => `{ const end = Date.now() + ${seconds * 1000}; while (Date.now() < end) {} }`,
  longestPause: `let longest = 0;
let last = performance.now();
const end = last + 1500;
while (last < end) {
  await new Promise((resolve) => setTimeout(resolve, 0));
  const now = performance.now();
  longest = Math.max(longest, now - last);
  last = now;
}
longest`,
  throwOnLine9: `interface Point {
  x: number;
  y: number;
}
const point: Point = {
  x: 1,
  y: 2,
};
throw new Error(String(point.x));`,
  printLater: 'setTimeout(() => console.log("late text"), 250);',
  awaitHalfASecond: "await new Promise((resolve) => setTimeout(resolve, 500));",
  childProcess: `import { spawnSync } from "node:child_process";
spawnSync("echo", ["text of a child"], { stdio: "inherit" }).status`,
  keep: "const kept = 42;",
  begin: 'console.log("begun");',
  endless: {
    "a loop": "while (true) {}",
    "an await that never settles": "await new Promise(() => {});",
    "a loop after an await": "await new Promise((resolve) => setTimeout(resolve, 10));\nwhile (true) {}",
    "a loop that prints and awaits":
      'for (;;) {\n  console.log("tick");\n  await new Promise((resolve) => setTimeout(resolve, 10));\n}',
  },
};

const python: Snippets = {
  trivial: (n) => `value${n} = ${n}\nvalue${n}`,
  settings: "from types import SimpleNamespace\nsettings = SimpleNamespace(learningRate=5e-5, layers=[10, 11])",
  printLines: (count) => `for i in range(${count}): print(f"line {i}")`,
  block: (seconds) => `import time\nend = time.time() + ${seconds}\nwhile time.time() < end: pass`,
  longestPause: `import asyncio, time
longest = 0
last = time.perf_counter()
end = last + 1.5
while last < end:
    await asyncio.sleep(0.001)
    now = time.perf_counter()
    longest = max(longest, now - last)
    last = now
longest * 1000`,
  throwOnLine9:
    "class Point:\n    def __init__(\n        self,\n        x,\n    ):\n        self.x = x\n\npoint = Point(1)\nraise ValueError(point.x)",
  printLater: 'import asyncio\nlater = asyncio.get_running_loop().call_later(0.25, print, "late text")',
  awaitHalfASecond: "import asyncio\nawait asyncio.sleep(0.5)",
  childProcess: 'import subprocess\nsubprocess.run(["echo", "text of a child"]).returncode',
  keep: "kept = 42",
  begin: 'print("begun", flush=True)',
  endless: {
    "a loop": "while True: pass",
    "an await that never settles": "import asyncio\nawait asyncio.Future()",
    "a loop after an await": "import asyncio\nawait asyncio.sleep(0.01)\nwhile True: pass",
    "a loop that prints and awaits": 'import asyncio\nwhile True:\n    print("tick")\n    await asyncio.sleep(0.01)',
  },
};

export const snippets = { typescript, python } as const;
