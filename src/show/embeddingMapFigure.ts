/** The figure of a map of examples: a colour and a symbol for each label, and a table of where they lie. */
import { formatCount, formatNumber, formatPercent } from "../display/numbers.ts";
import { Table } from "../display/table.ts";
import { Figure } from "./figure/figure.ts";
import {
  axis,
  baseLayout,
  clear,
  escapeLabel,
  type Plain,
  palette,
  subtitleHeight,
  titled,
  wrapApart,
} from "./figure/theme.ts";

/** An example on the map. */
export interface MapPoint {
  /** Place along the first principal component. */
  readonly x: number;
  /** Place along the second principal component. */
  readonly y: number;
  /** The label of the example, or what stands for it. */
  readonly label: string;
  /** The first or only text of the example. */
  readonly text: string;
}

/** The names and numbers in the words of a map. */
interface MapFacts {
  readonly layer: number;
  readonly depth: number;
  readonly varianceRatio: readonly [number, number];
  /** Number of examples in the whole data set. */
  readonly examples: number;
}

const [width, height] = [900, 560];
const colors = Object.values(palette);
const symbols = ["circle", "x", "triangle-up", "square", "diamond", "cross", "star"] as const;
/** More labels than this have one colour together. */
const mostGroups = 12;
const legendWidth = 160;

/** Draws the points label by label, the most frequent first. */
export function embeddingMapFigure(points: readonly MapPoint[], facts: MapFacts): Figure {
  const groups = groupsOf(points);
  const subtitle = subtitleOf(points.length, facts);
  const top = 84 + subtitleHeight(subtitle, width);
  const names = wrapApart([...groups.keys()], legendWidth, 12, 2);
  const traces = [...groups.values()].map((members, i) => ({
    type: "scatter",
    mode: "markers",
    name: (names[i] as string[]).map(escapeLabel).join("<br>"),
    x: members.map(({ x }) => x),
    y: members.map(({ y }) => y),
    text: members.map(({ text }) => escapeLabel(excerptOf(text))),
    hovertemplate: "%{text}",
    marker: { color: colors[i % colors.length], symbol: symbols[i % symbols.length], size: 7, opacity: 0.7 },
  }));
  const axisOf = (name: string, share: number): Plain =>
    axis({ title: { text: `${name} component (${formatPercent(share)} of the variance)` } });
  const layout = {
    ...baseLayout,
    ...{ width, height, hovermode: "closest", showlegend: true, margin: { l: 70, r: legendWidth + 60, t: top, b: 56 } },
    title: titled(titleOf(facts), subtitle, { width, height }),
    xaxis: axisOf("first", facts.varianceRatio[0]),
    yaxis: axisOf("second", facts.varianceRatio[1]),
    legend: { x: 1.02, xanchor: "left", y: 1, yanchor: "top", bgcolor: clear, font: { size: 12 } },
  };
  return new Figure({ data: traces, layout }, `${titleOf(facts)}. ${subtitle}\n${tableOf(groups)}`);
}

function titleOf({ layer, depth }: MapFacts): string {
  if (layer === 0) return "Hidden states of the embeddings";
  return layer === depth ? "Hidden states that the head reads" : `Hidden states after ${layer} of ${depth} layers`;
}

function subtitleOf(shown: number, { varianceRatio: [first, second], examples }: MapFacts): string {
  const count = shown < examples ? `${formatCount(shown)} of ${formatCount(examples)}` : formatCount(shown);
  return `${count} examples, by the first two principal components: ${formatPercent(first + second)} of the variance.`;
}

/** The points of each label, the most frequent first; rare labels beyond `mostGroups` are together. */
function groupsOf(points: readonly MapPoint[]): Map<string, MapPoint[]> {
  const all = new Map<string, MapPoint[]>();
  for (const point of points) {
    const members = all.get(point.label);
    if (members === undefined) all.set(point.label, [point]);
    else members.push(point);
  }
  const ranked = [...all].sort(([, a], [, b]) => b.length - a.length);
  if (ranked.length <= mostGroups) return new Map(ranked);
  const rest = ranked.slice(mostGroups - 1);
  const others = `${rest.length} other labels`;
  return new Map([...ranked.slice(0, mostGroups - 1), [others, rest.flatMap(([, members]) => members)]]);
}

/** The text twin: the centre of each label, and the mean distance of its examples from there. */
function tableOf(groups: ReadonlyMap<string, readonly MapPoint[]>): Table {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return new Table({
    columns: [
      { title: "label", align: "left" },
      ...["examples", "first", "second", "spread"].map((title) => ({ title, align: "right" as const })),
    ],
    rows: [...groups].map(([label, members]) => {
      const [x, y] = [mean(members.map((each) => each.x)), mean(members.map((each) => each.y))];
      const spread = mean(members.map((each) => Math.hypot(each.x - x, each.y - y)));
      return [label, formatCount(members.length), ...[x, y, spread].map(formatNumber)];
    }),
  });
}

/** Returns the beginning of a text on one line. */
function excerptOf(text: string): string {
  const characters = [...text.slice(0, 320).replace(/\s+/g, " ").trim()];
  return characters.length <= 80 ? characters.join("") : `${characters.slice(0, 79).join("")}…`;
}
