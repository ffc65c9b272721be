/** Shows how each token of a text changes the logit of a label: coloured tokens, a table, and a picture to save. */
import { displaySymbol, inspectSymbol, type MimeBundle } from "../../shared/mimeBundle.ts";
import { escapeHtml } from "../../shared/text.ts";
import { formatNumber, formatPercent } from "../display/numbers.ts";
import { type Column, Table } from "../display/table.ts";
import { completenessLimit } from "../evaluate/integratedGradients.ts";
import { writeFile } from "../platform/files.ts";
import {
  attributedHtml,
  digitsFor,
  type ExplainedToken,
  largestOf,
  legend,
  shownToken,
  signed,
} from "./attributedTokens.ts";
import { type ExplainedRow, explanationFigure } from "./explanationFigure.ts";
import type { Figure } from "./figure/figure.ts";

/** The attributions of one label. */
export interface LabelExplanation {
  /** Name of the label, or of the output of a regression. */
  readonly label: string;
  /** Index of the label. */
  readonly index: number;
  /**
   * The attribution of each token, `[tokens]`, in units of the logit: above 0 for the label, below 0 against it. Their
   * sum is `logit - baselineLogit`, up to the completeness error.
   */
  readonly attributions: readonly number[];
  /** The logit of the text. */
  readonly logit: number;
  /** The logit of the baseline, in which padding stands in place of all tokens that are not special. */
  readonly baselineLogit: number;
  /** Points between baseline and text at which the gradient was computed. */
  readonly steps: number;
  /** `|sum of the attributions - (logit - baselineLogit)|`. */
  readonly completenessError: number;
}

/** The content of an explanation. */
interface ExplanationContent {
  readonly tokens: readonly ExplainedToken[];
  readonly labels: readonly LabelExplanation[];
  readonly logits: readonly number[];
  readonly baselineLogits: readonly number[];
  readonly notices: readonly string[];
}

/**
 * An explanation of a prediction by integrated gradients, as `explain` returns it. It shows itself as coloured tokens
 * over a line for each label, and as a table in a terminal.
 */
export class Explanation {
  /** The tokens of the text or pair, special tokens included. */
  readonly tokens: readonly ExplainedToken[];
  /** One entry for each label that was explained. */
  readonly labels: readonly LabelExplanation[];
  /** The logits of the text, `[labels]`. */
  readonly logits: readonly number[];
  /** The logits of the baseline, `[labels]`. */
  readonly baselineLogits: readonly number[];
  /** Sentences about what limits the explanation: a text that was truncated, a head that is not trained. */
  readonly notices: readonly string[];

  /** @internal */
  constructor({ tokens, labels, logits, baselineLogits, notices }: ExplanationContent) {
    this.tokens = tokens;
    this.labels = labels;
    this.logits = logits;
    this.baselineLogits = baselineLogits;
    this.notices = notices;
  }

  /** The attributions of the first label that was explained, `[tokens]`. */
  get attributions(): readonly number[] {
    return (this.labels[0] as LabelExplanation).attributions;
  }

  /** The completeness error of the first label that was explained. */
  get completenessError(): number {
    return (this.labels[0] as LabelExplanation).completenessError;
  }

  /** Makes a table with one row per token and one column per label. */
  toTable(): Table {
    return tokenTable(
      "Integrated gradients of the logit, token by token",
      this.tokens,
      this.labels.map(({ label, attributions }) => ({ title: label, attributions })),
      [...this.labels.map(sentenceOf), ...this.notices],
    );
  }

  /** Writes the table as aligned text. */
  toString(): string {
    return this.toTable().toString();
  }

  /** Renders the tokens for each label, with their completeness errors, as HTML without scripts; every token is escaped. */
  toHtml(): string {
    const largest = largestOf(this.labels.map(({ attributions }) => attributions));
    const parts = this.labels.map((each) => labelHtml(this, each, each.label, largest));
    return framed(parts, [...this.notices, legend]);
  }

  /** The explanation as a picture: tokens in lines, each over its attribution. */
  get figure(): Figure {
    const rows = this.labels.map((each) => rowOf(this, each, each.label));
    return explanationFigure(
      rows,
      [...this.notices, legend],
      largestOf(rows.map(({ attributions }) => attributions)),
      this.toString(),
    );
  }

  /**
   * Writes the explanation as a page (.html), or its figure in one of the formats of `Figure.save`. Errors:
   * `BAD_FIGURE_PATH`.
   */
  async save(path: string): Promise<void> {
    await saveShown(path, this);
  }

  /** Shows the explanation as HTML and text where a cell ends with it. */
  [displaySymbol](): MimeBundle {
    return { "text/html": this.toHtml(), "text/plain": this.toString() };
  }

  /** Writes the table as aligned text for `console.log`. */
  [inspectSymbol](): string {
    return this.toString();
  }
}

export interface AttributionColumn {
  readonly title: string;
  readonly attributions: readonly number[];
}

/** Makes the text twin: one row per token, counted from 1. */
export function tokenTable(
  caption: string,
  tokens: readonly ExplainedToken[],
  columns: readonly AttributionColumn[],
  notes: readonly string[],
): Table {
  const largest = largestOf(columns.map(({ attributions }) => attributions));
  const digits = digitsFor(largest, 4);
  const numbers: Column[] = columns.map(({ title }) => ({ title, align: "right" }));
  return new Table({
    caption,
    columns: [{ title: "", align: "right" }, { title: "token", align: "left" }, ...numbers],
    rows: tokens.map((token, i) => [
      i + 1,
      shownToken(token),
      ...columns.map(({ attributions }) => (token.isSpecial ? "special" : signed(attributions[i] ?? 0, digits))),
    ]),
    notes,
  });
}

/** Says how the logit came about, and how much of it the attributions miss. */
export function sentenceOf({ label, logit, baselineLogit, steps, completenessError }: LabelExplanation): string {
  const difference = Math.abs(logit - baselineLogit);
  const share = difference === 0 ? "" : ` (${formatPercent(completenessError / difference, 2)} of the difference)`;
  const isComplete = completenessError <= completenessLimit * difference;
  return (
    `The logit of "${label}" is ${formatNumber(logit)}, and ${formatNumber(baselineLogit)} with padding in place of the ` +
    `tokens. Completeness error: ${completenessError.toExponential(1)}${share}, with ${steps} steps` +
    `${isComplete ? "." : `: more than ${formatPercent(completenessLimit, 0)}, so take the numbers as rough.`}`
  );
}

/** Renders the tokens of one label, between a title and its sentence. */
export function labelHtml({ tokens }: Explanation, each: LabelExplanation, title: string, largest: number): string {
  const spoken = escapeHtml(summaryOf(tokens, each));
  return (
    `<div role="group" aria-label="${spoken}" style="margin: 0.5em 0"><b>${escapeHtml(title)}</b>` +
    `${attributedHtml(tokens, each.attributions, largest)}<div>${escapeHtml(sentenceOf(each))}</div></div>`
  );
}

/** Describes an explanation in a sentence: the tokens that speak most for the label and against it. */
function summaryOf(tokens: readonly ExplainedToken[], { label, attributions }: LabelExplanation): string {
  const digits = digitsFor(largestOf([attributions]), 3);
  const ranked = tokens
    .map((token, i) => ({ name: shownToken(token), value: Number((attributions[i] ?? 0).toFixed(digits)) }))
    .sort((a, b) => b.value - a.value);
  const written = (list: readonly { name: string; value: number }[]) =>
    list.length === 0 ? "none" : list.map(({ name, value }) => `${name} ${signed(value, digits)}`).join(", ");
  const speaksFor = ranked.filter(({ value }) => value > 0).slice(0, 3);
  const against = ranked
    .filter(({ value }) => value < 0)
    .slice(-3)
    .reverse();
  return `Tokens for "${label}": ${written(speaksFor)}. Against it: ${written(against)}.`;
}

/** Makes the row of a picture for one label. */
export const rowOf = ({ tokens }: Explanation, each: LabelExplanation, title: string): ExplainedRow => ({
  ...{ title, tokens, attributions: each.attributions, sentence: sentenceOf(each) },
});

interface Saved {
  toHtml(): string;
  readonly figure: Figure;
}

/** Writes a page that follows the reader's light or dark theme, or a picture. */
export async function saveShown(path: string, shown: Saved): Promise<void> {
  if (!/[^/\\]\.html$/i.test(path)) return shown.figure.save(path);
  const page =
    '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Explanation</title>' +
    "<style>:root { color-scheme: light dark; font: 14px/1.5 sans-serif }</style></head>" +
    `<body>${shown.toHtml()}</body></html>\n`;
  await writeFile(path, page);
}

/** Puts labels and notices into one element. */
export const framed = (parts: readonly string[], notices: readonly string[]): string =>
  `<div style="color: var(--jp-content-font-color1, inherit)">${parts.join("")}` +
  `${notices.map((notice) => `<div style="font-size: 85%">${escapeHtml(notice)}</div>`).join("")}</div>`;
