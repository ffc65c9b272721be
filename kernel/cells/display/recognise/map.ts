/** Maps: a table of keys and values. */
import { types } from "node:util";
import { cellText, isNumeric } from "../cellText.ts";
import { ends } from "../excerpt.ts";
import { plainText } from "../plainText.ts";
import { count, gap, tableHtml } from "../table.ts";
import type { Recogniser } from "./recogniser.ts";

const edge = 10;
/** To the end of a bigger map it takes too long. */
const maxWalked = 200_000;

export const map: Recogniser = (value) => {
  if (!types.isMap(value) || value.size === 0) return undefined;
  const wanted = new Set(ends(value.size, edge));
  const entries: [unknown, unknown][] = [];
  let index = 0;
  for (const entry of Map.prototype.entries.call(value)) {
    if (value.size > maxWalked && index === edge) break;
    if (wanted.has(index++)) entries.push(entry);
  }
  const rows = entries.map(([key, held]) => [cellText(key), cellText(held)]);
  if (wanted.has(undefined)) rows.splice(edge, 0, [gap, gap]);
  const html = tableHtml({
    columns: [
      { title: "key", numeric: entries.every(([key]) => isNumeric(key)) },
      { title: "value", numeric: entries.every(([, held]) => isNumeric(held)) },
    ],
    rows,
    note: `Map, ${count(value.size)} ${value.size === 1 ? "entry" : "entries"}`,
  });
  return { data: { "text/html": html, "text/plain": plainText(value) } };
};
