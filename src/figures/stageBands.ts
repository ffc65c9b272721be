/** Where the stages of a run lie along an axis of epochs: shaded bands, borders, and a label above each. */
import type { StageRecord } from "../history/history.ts";
import { escapeLabel, faintInk, ink, textWidth, wrapText } from "./theme.ts";

export interface StageBands {
  readonly shapes: readonly Record<string, unknown>[];
  readonly annotations: readonly Record<string, unknown>[];
  /** Pixels needed above the plot for the labels. */
  readonly height: number;
}

const nameSize = 13;
const detailSize = 11;

/** `lastEpoch`: where the axis ends; `width`: of the axis in pixels. `detail` is a second line below a stage's name. */
export function stageBands(
  stages: readonly StageRecord[],
  lastEpoch: number,
  width: number,
  detail: (stage: StageRecord) => string,
): StageBands {
  const shapes: Record<string, unknown>[] = [];
  const labels: { readonly middle: number; readonly lines: string[] }[] = [];
  stages.forEach((stage, i) => {
    const from = stage.firstEpoch;
    const to = Math.min(lastEpoch, stages[i + 1]?.firstEpoch ?? lastEpoch);
    if (to <= from) return; // a stage that was never reached
    const span = { type: "rect", xref: "x", yref: "paper", x0: from, x1: to, y0: 0, y1: 1, layer: "below" };
    if (i % 2 === 1) shapes.push({ ...span, fillcolor: "#f3f5f8", line: { width: 0 } });
    if (i > 0) {
      const border = { type: "line", xref: "x", yref: "paper", x0: from, x1: from, y0: 0, y1: 1, name: "stage border" };
      shapes.push({ ...border, line: { color: "#555555", width: 1.5, dash: "dash" } });
    }
    const room = (width * (to - from)) / lastEpoch - 8;
    labels.push({ middle: (from + to) / 2, lines: labelLines(stage.name, detail(stage), room) });
  });
  const deepest = Math.max(0, ...labels.map(({ lines }) => lines.length));
  return {
    shapes,
    annotations: labels.map(({ middle, lines }) => ({
      xref: "x",
      yref: "paper",
      x: middle,
      y: 1,
      yshift: 2,
      xanchor: "center",
      yanchor: "bottom",
      showarrow: false,
      text: lines.join("<br>"),
      font: { size: nameSize, color: ink },
    })),
    height: deepest === 0 ? 0 : deepest * nameSize * 1.3 + 8,
  };
}

function labelLines(name: string, detail: string, room: number): string[] {
  const names = wrapText(name, room / boldness, nameSize, 3).map((line) => `<b>${escapeLabel(line)}</b>`);
  if (detail === "") return names;
  const details = wrapText(detail, room, detailSize, 3).map(
    (line) => `<span style="font-size:${detailSize}px;color:${faintInk}">${escapeLabel(line)}</span>`,
  );
  // A narrow stage keeps its name, and goes without details that would be mostly ellipses.
  return textWidth("everything", detailSize) > room ? names : [...names, ...details];
}

/** How much longer a line is in bold. */
const boldness = 1.08;
