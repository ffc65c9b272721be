/** What each token of a text does for the logit of a label, as coloured tokens and as a table; and two models beside each other. */
import { displaySymbol, inspectSymbol, type MimeBundle } from "../../shared/mimeBundle.ts";
import { escapeHtml } from "../../shared/text.ts";
import { formatNumber, formatPercent } from "../display/numbers.ts";
import { type Column, Table } from "../display/table.ts";
import { ThawError } from "../errors.ts";
import { completenessLimit } from "../evaluate/integratedGradients.ts";
import { type OptionNames, refuseUnknown } from "../options.ts";
import {
  attributedHtml,
  digitsFor,
  type ExplainedToken,
  largestOf,
  legend,
  shownToken,
  signed,
} from "./attributedTokens.ts";

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

  /** Shows the explanation as HTML and text where a cell ends with it. */
  [displaySymbol](): MimeBundle {
    return { "text/html": this.toHtml(), "text/plain": this.toString() };
  }

  /** Writes the table as aligned text for `console.log`. */
  [inspectSymbol](): string {
    return this.toString();
  }
}

/** Options of `compareExplanations`. */
export interface CompareExplanationsOptions {
  /** One name for each explanation. Default: "1", "2" and so on. */
  readonly names?: readonly string[];
}

/** Explanations beside each other, as `compareExplanations` returns them. */
export interface ExplanationComparison {
  /** One row per token, a column for each explanation and label, and the change where two of one label are compared. */
  readonly table: Table;
  /** Writes the table as aligned text. */
  toString(): string;
  /** Renders the explanations one above the other, on one scale. */
  toHtml(): string;
  /** Shows the comparison as HTML and text where a cell ends with it. */
  [displaySymbol](): MimeBundle;
}

const compareNames: OptionNames<CompareExplanationsOptions> = { names: true };

/**
 * Compares explanations of the same text, by models before and after training or stage by stage:
 * `compareExplanations([before, after], { names: ["before", "after"] })`. They share one scale of colours. Give each the
 * same `target`, since every model explains the label that it predicts by default. Errors: `BAD_ARGUMENT` for fewer than
 * two explanations, for other tokens, or for names that do not match.
 */
export function compareExplanations(
  explanations: readonly Explanation[],
  options: CompareExplanationsOptions = {},
): ExplanationComparison {
  refuseUnknown(options, compareNames, { kind: "option of compareExplanations" });
  const { names = explanations.map((_, i) => String(i + 1)) } = options;
  checkCompared(explanations, names);
  const rows = explanations.flatMap((explanation, i) =>
    explanation.labels.map((each) => ({ explanation, each, name: names[i] as string })),
  );
  const largest = largestOf(rows.map(({ each }) => each.attributions));
  const isOneLabel = new Set(rows.map(({ each }) => each.index)).size === 1;
  const notes = rows.map(({ name, each }) => `${name}: ${sentenceOf(each)}`);
  const notices = explanations.flatMap((explanation, i) =>
    explanation.notices.map((notice) => `${names[i]}: ${notice}`),
  );
  if (!isOneLabel && explanations.every(({ labels }) => labels.length === 1)) {
    notices.push("The labels differ: explain each with the same target to compare like with like.");
  }
  const columns = rows.map(({ name, each }) => ({
    title: isOneLabel ? name : `${name}: ${each.label}`,
    attributions: each.attributions,
  }));
  const [first, second] = columns;
  if (isOneLabel && columns.length === 2 && first !== undefined && second !== undefined) {
    const change = second.attributions.map((value, i) => value - (first.attributions[i] as number));
    columns.push({ title: "change", attributions: change });
  }
  const { tokens } = explanations[0] as Explanation;
  const table = tokenTable("Integrated gradients of the logit, token by token", tokens, columns, [
    ...notes,
    ...notices,
  ]);
  const html = () =>
    framed(
      rows.map(({ explanation, each, name }) => labelHtml(explanation, each, `${name}: ${each.label}`, largest)),
      [...notices, legend],
    );
  return {
    table,
    toString: () => table.toString(),
    toHtml: html,
    [displaySymbol]: () => ({ "text/html": html(), "text/plain": table.toString() }),
    [inspectSymbol as never]: () => table.toString(),
  };
}

function checkCompared(explanations: readonly Explanation[], names: readonly string[]): void {
  if (!Array.isArray(explanations) || explanations.length < 2) {
    throw new ThawError(
      "BAD_ARGUMENT",
      "compareExplanations takes a list of two or more explanations, such as [before, after].",
    );
  }
  if (names.length !== explanations.length) {
    throw new ThawError(
      "BAD_ARGUMENT",
      `There are ${names.length} names for ${explanations.length} explanations: give one for each.`,
    );
  }
  const idsOf = ({ tokens }: Explanation) => tokens.map(({ id }) => id).join();
  const other = explanations.findIndex((each) => idsOf(each) !== idsOf(explanations[0] as Explanation));
  if (other < 0) return;
  throw new ThawError(
    "BAD_ARGUMENT",
    `The tokens of explanation ${other + 1} are not those of the first: explain the same text by models with one tokenizer.`,
  );
}

interface AttributionColumn {
  readonly title: string;
  readonly attributions: readonly number[];
}

/** The text twin: one row per token, counted from 1. */
function tokenTable(
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
function sentenceOf({ label, logit, baselineLogit, steps, completenessError }: LabelExplanation): string {
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
function labelHtml({ tokens }: Explanation, each: LabelExplanation, title: string, largest: number): string {
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

const framed = (parts: readonly string[], notices: readonly string[]): string =>
  `<div style="color: var(--jp-content-font-color1, inherit)">${parts.join("")}` +
  `${notices.map((notice) => `<div style="font-size: 85%">${escapeHtml(notice)}</div>`).join("")}</div>`;
