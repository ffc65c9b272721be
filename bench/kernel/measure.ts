/** What a measure is: asked of each kernel, answered in words and, where it is one, a number. */
import type { Kernel } from "./kernelProcess.ts";

export interface Figure {
  /** As it stands in the table. */
  readonly text: string;
  /** The number that `asked` is about, in the unit of the row. */
  readonly value?: number;
}

export interface Question {
  readonly measure: string;
  /** What is asked of Thaw. */
  readonly asked: string;
}

export interface Row extends Question {
  /** By the kernel's name. */
  readonly figures: Readonly<Record<string, Figure>>;
}

export interface Options {
  /** Fewer rounds, shorter waits. */
  readonly quick: boolean;
}

export interface Measure {
  /** For `--only`. */
  readonly key: string;
  /** Whether the kernel that only echoes is measured too, for the client's own share. */
  readonly withEcho?: true;
  readonly run: (kernels: readonly Kernel[], options: Options) => Promise<Row[]>;
}

/** Asks one kernel after the other: `ask` gives one figure per question. What fails becomes a figure that says so. */
export async function oneByOne(
  questions: readonly Question[],
  kernels: readonly Kernel[],
  ask: (kernel: Kernel) => Promise<readonly (Figure | undefined)[]>,
): Promise<Row[]> {
  const columns: Record<string, readonly (Figure | undefined)[]> = {};
  for (const kernel of kernels) {
    columns[kernel.name] = await ask(kernel).catch((error: unknown) => questions.map(() => failure(error)));
  }
  return questions.map((question, i) => {
    const answered = Object.entries(columns).flatMap(([name, figures]) => {
      const figure = figures[i];
      return figure === undefined ? [] : [[name, figure] as const];
    });
    return { ...question, figures: Object.fromEntries(answered) };
  });
}

export function failure(error: unknown): Figure {
  return { text: `failed: ${error instanceof Error ? error.message : String(error)}` };
}

/** 12345.6 -> "12,346". */
export function whole(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
