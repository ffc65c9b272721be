/** Explanations of one text by several models beside each other, such as before and after training. */
import { displaySymbol, inspectSymbol, type MimeBundle } from "../../shared/mimeBundle.ts";
import type { Table } from "../display/table.ts";
import { ThawError } from "../errors.ts";
import { type OptionNames, refuseUnknown } from "../options.ts";
import { largestOf, legend } from "./attributedTokens.ts";
import { type Explanation, framed, labelHtml, rowOf, saveShown, sentenceOf, tokenTable } from "./explanation.ts";
import { explanationFigure } from "./explanationFigure.ts";
import type { Figure } from "./figure/figure.ts";

/** Options of `compareExplanations`. */
export interface CompareExplanationsOptions {
  /** One name for each explanation. Default: "1", "2" and so on. */
  readonly names?: readonly string[];
}

/** Explanations beside each other, as `compareExplanations` returns them. */
export interface ExplanationComparison {
  /** One row per token, a column for each explanation and label, and the change where two of one label are compared. */
  readonly table: Table;
  /** The explanations one above the other as a picture, on one scale. */
  readonly figure: Figure;
  /** Writes the comparison as a page (.html), or its figure in one of the formats of `Figure.save`. */
  save(path: string): Promise<void>;
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
  const shown = {
    table,
    get figure(): Figure {
      const drawn = rows.map(({ explanation, each, name }) => rowOf(explanation, each, `${name}: ${each.label}`));
      return explanationFigure(drawn, [...notices, legend], largest, table.toString());
    },
    toString: () => table.toString(),
    toHtml: html,
    save: (path: string) => saveShown(path, shown),
    [displaySymbol]: () => ({ "text/html": html(), "text/plain": table.toString() }),
    [inspectSymbol]: () => table.toString(),
  };
  return shown;
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
