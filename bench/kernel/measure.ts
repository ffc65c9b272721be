/** The form of a measure: it asks each kernel questions, and each answer is a text and, where it is one, a number. */
import type { Kernel } from "./kernelProcess.ts";

export interface Figure {
  /** The text in the table. */
  readonly text: string;
  /** The number to which the target applies, in the unit of the row. */
  readonly value?: number;
}

export interface Question {
  readonly measure: string;
  /** The target for Thaw. */
  readonly asked: string;
}

export interface Row extends Question {
  /** The figures by the name of the kernel. */
  readonly figures: Readonly<Record<string, Figure>>;
}

interface Options {
  /** Takes fewer rounds and shorter waits. */
  readonly quick: boolean;
}

export interface Measure {
  /** The name of the measure for `--only`. */
  readonly key: string;
  /** Measures the kernel that only echoes too, for the client's own share. */
  readonly withEcho?: true;
  readonly run: (kernels: readonly Kernel[], options: Options) => Promise<Row[]>;
}

/** Asks one kernel after the other: `ask` gives one figure per question. A failure becomes a figure that says so. */
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

function failure(error: unknown): Figure {
  return { text: `failed: ${error instanceof Error ? error.message : String(error)}` };
}

/** Writes 12345.6 as "12,346". */
export function whole(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
