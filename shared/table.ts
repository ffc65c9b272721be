/** Tables as HTML in the notebook's own colours and as aligned text: those of the library and those the kernel shows for data. */
import { escapeHtml } from "./text.ts";

/** The alignment of a column. */
export type Align = "left" | "right";

/** The content of a table; every text in it is escaped, so it may come from anywhere. */
export interface TableContent {
  readonly columns: readonly { readonly title: string; readonly align: Align }[];
  /** One text per column and row. */
  readonly rows: readonly (readonly string[])[];
  /** The first cell of each row is the row's name, which screen readers repeat. Default: false. */
  readonly rowHeaders?: boolean;
  /** Indices of rows that stand out: bold in HTML, with a `*` in text. */
  readonly marked?: ReadonlySet<number>;
  /** Keeps every cell on one line. Default: false. */
  readonly nowrap?: boolean | undefined;
  /** A line above the table. */
  readonly caption?: string | undefined;
  /** Lines below the table. */
  readonly notes?: readonly string[];
}

const tableStyle =
  'style="border-collapse: collapse; color: var(--jp-content-font-color1, inherit); ' +
  'border-color: var(--jp-border-color2, #bbb)"';
const captionStyle = 'style="padding: 0.25em 0; color: var(--jp-content-font-color1, inherit)"';
const markedStyle = ' style="background: var(--jp-layout-color2, #eee)"';

/** Renders a `<table>` with its caption and notes; there is no script in it. */
export function tableHtml({ columns, rows, rowHeaders, marked, nowrap, caption, notes = [] }: TableContent): string {
  const wrapping = nowrap === true ? "; white-space: nowrap" : ""; // of the cell itself: JupyterLab has a rule for cells
  const styles = columns.map(({ align }) => `style="text-align: ${align}; padding: 0.25em 0.75em${wrapping}"`);
  const head = columns.map(({ title }, j) => `<th scope="col" ${styles[j]}>${escapeHtml(title)}</th>`).join("");
  const body = rows.map((row, i) => {
    const isMarked = marked?.has(i) === true;
    const cells = row.map((cell, j) => {
      const text = isMarked ? `<b>${escapeHtml(cell)}</b>` : escapeHtml(cell);
      return rowHeaders && j === 0 ? `<th scope="row" ${styles[j]}>${text}</th>` : `<td ${styles[j]}>${text}</td>`;
    });
    return `<tr${isMarked ? markedStyle : ""}>${cells.join("")}</tr>`;
  });
  // not a <caption>: that would be squeezed into the width of a narrow table
  const line = (text: string): string => `<div ${captionStyle}>${escapeHtml(text)}</div>`;
  return (
    `${caption === undefined ? "" : line(caption)}<table border="1" class="dataframe" ${tableStyle}>` +
    `<thead><tr>${head}</tr></thead><tbody>${body.join("")}</tbody></table>${notes.map(line).join("")}`
  );
}

/** Renders the table as text whose columns are aligned. */
export function tableText({ columns, rows, marked, caption, notes = [] }: TableContent): string {
  const withMark = (mark: string, cells: readonly string[]): readonly string[] =>
    marked === undefined || marked.size === 0 ? cells : [mark, ...cells];
  const head = withMark(
    "",
    columns.map(({ title }) => title),
  );
  const aligns = withMark(
    "left",
    columns.map(({ align }) => align),
  );
  const body = rows.map((row, i) => withMark(marked?.has(i) ? "*" : "", row));
  const widths = head.map((title, j) => Math.max(length(title), ...body.map((row) => length(row[j] ?? ""))));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, j) => pad(cell, widths[j] ?? 0, aligns[j] === "right"))
      .join("  ")
      .trimEnd();
  const rule = widths.map((width) => "-".repeat(width)).join("  ");
  return [...(caption === undefined ? [] : [caption]), line(head), rule, ...body.map(line), ...notes].join("\n");
}

/** The length as a reader counts it: a character outside the basic plane is one. */
function length(text: string): number {
  return [...text].length;
}

function pad(text: string, width: number, right: boolean): string {
  const blanks = " ".repeat(Math.max(0, width - length(text)));
  return right ? blanks + text : text + blanks;
}
