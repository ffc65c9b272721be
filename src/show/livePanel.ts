/** One panel of curves over the epochs of a run, as an SVG picture without scripts, in the colours of the notebook around it. */
import { escapeHtml } from "../../shared/text.ts";
import { formatEpoch } from "../display/numbers.ts";
import { palette } from "./figure/theme.ts";

/** A point of a curve: an epoch of the run, with fractions, and a value. */
export interface CurvePoint {
  readonly epoch: number;
  readonly value: number;
}

/** A curve of a panel. */
export interface Curve {
  readonly name: string;
  readonly color: string;
  /** Parts of the curve, which are not joined. */
  readonly parts: readonly (readonly CurvePoint[])[];
  /** A pattern of SVG's `stroke-dasharray`. Default: an unbroken line. */
  readonly dash?: string;
  readonly hasMarkers?: boolean;
  /** A curve in the background has no entry in the legend. */
  readonly isFaint?: boolean;
}

/** The content of a panel. */
export interface Panel {
  readonly title: string;
  readonly curves: readonly Curve[];
  /** The lowest and the highest value of the axis; the logarithm of the values is drawn where `isLog` is set. */
  readonly range: readonly [number, number];
  readonly isLog?: boolean;
  /** Writes a value of a curve. */
  readonly format: (value: number) => string;
  /** Writes a round value of the axis. */
  readonly tick: (value: number) => string;
  /** A point that is marked with a star. */
  readonly best?: CurvePoint | undefined;
}

const [width, height] = [320, 176];
const plot = { left: 46, right: 312, top: 36, bottom: 152 };
/** Without a notebook's colours, those of the page around the picture are taken. */
const ink = "var(--jp-content-font-color1, currentColor)";
const faint = "var(--jp-content-font-color2, currentColor)";
const grid = "var(--jp-border-color2, #8886)";

/** Draws a panel: 320 units wide and 176 high, scaled to the room that there is. */
export function drawPanel(
  panel: Panel,
  { lastEpoch, borders }: { lastEpoch: number; borders: readonly number[] },
): string {
  const { title, curves, range, isLog = false, format, tick, best } = panel;
  const scaled = (value: number) => (isLog ? Math.log10(value) : value);
  const [low, high] = [scaled(range[0]), scaled(range[1])];
  const x = (epoch: number) => digits(plot.left + ((plot.right - plot.left) * epoch) / lastEpoch);
  const y = (value: number) => digits(plot.bottom - ((plot.bottom - plot.top) * (scaled(value) - low)) / (high - low));
  const line = (x1: number, y1: number, x2: number, y2: number, look: string) =>
    `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" style="${look}"/>`;
  const text = (at: readonly [number, number], content: string, look = `fill:${faint}`, anchor = "start") =>
    `<text x="${at[0]}" y="${at[1]}" text-anchor="${anchor}" style="${look}">${escapeHtml(content)}</text>`;
  const ticks = (isLog ? powersOfTen(range) : roundTicks(range, 4)).map((value) => [
    line(plot.left, y(value), plot.right, y(value), `stroke:${grid}`),
    text([plot.left - 5, digits(y(value) + 4)], tick(value), undefined, "end"),
  ]);
  const epochs = roundTicks([0, lastEpoch], 6).filter(Number.isInteger);
  const named = curves.filter(({ isFaint }) => isFaint !== true);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(inWords(panel, named))}" `,
    `style="width:100%;height:auto;font:11px var(--jp-ui-font-family, sans-serif)">`,
    text([plot.left - 40, 13], title, `fill:${ink};font-weight:600`),
    legend(named, format, text),
    ...ticks.flat(),
    ...borders.map((epoch) =>
      line(x(epoch), plot.top, x(epoch), plot.bottom, `stroke:${faint};stroke-dasharray:2 3;opacity:0.7`),
    ),
    line(plot.left, plot.bottom, plot.right, plot.bottom, `stroke:${faint}`),
    ...epochs.map((epoch) => text([x(epoch), plot.bottom + 14], String(epoch), undefined, "middle")),
    ...curves.map((curve) => drawCurve(curve, x, y)),
    best === undefined ? "" : star(x(best.epoch), y(best.value)),
    "</svg>",
  ].join("");
}

/** Names the curves with their newest values in the second line of a panel. */
function legend(
  curves: readonly Curve[],
  format: (value: number) => string,
  text: (at: readonly [number, number], content: string) => string,
): string {
  let left = plot.left - 40;
  return curves
    .map((curve) => {
      const words = `${curve.name}${newest(curve, format)}`;
      const mark = `<line x1="${left}" y1="23" x2="${left + 16}" y2="23" style="stroke:${curve.color};stroke-width:2.5;stroke-dasharray:${curve.dash ?? "none"}"/>`;
      const entry = `${mark}${text([left + 21, 27], words)}`;
      left += 34 + 6.2 * words.length;
      return entry;
    })
    .join("");
}

const newest = ({ parts }: Curve, format: (value: number) => string): string => {
  const last = parts.findLast((part) => part.length > 0)?.at(-1);
  return last === undefined ? "" : ` ${format(last.value)}`;
};

function drawCurve(curve: Curve, x: (epoch: number) => number, y: (value: number) => number): string {
  const { parts, color, dash, hasMarkers, isFaint } = curve;
  const look = `fill:none;stroke:${color};stroke-width:${isFaint ? 1.2 : 2};stroke-linejoin:round;stroke-dasharray:${dash ?? "none"}${isFaint ? ";opacity:0.4" : ""}`;
  return parts
    .filter((part) => part.length > 0)
    .map((part) => {
      const path = part.map(({ epoch, value }) => `${x(epoch)},${y(value)}`).join(" ");
      const isDotted = part.length === 1 || (hasMarkers === true && part.length <= 40);
      const dots = isDotted
        ? part.map(({ epoch, value }) => `<circle cx="${x(epoch)}" cy="${y(value)}" r="2.6" style="fill:${color}"/>`)
        : [];
      return `<polyline points="${path}" style="${look}"/>${dots.join("")}`;
    })
    .join("");
}

/** Draws a star with five points around a place. */
function star(x: number, y: number): string {
  const corners = Array.from({ length: 10 }, (_, i) => {
    const [radius, angle] = [i % 2 === 0 ? 7 : 3, (Math.PI * i) / 5];
    return `${digits(x + radius * Math.sin(angle))},${digits(y - radius * Math.cos(angle))}`;
  });
  return `<polygon points="${corners.join(" ")}" style="fill:${palette.orange};stroke:${ink};stroke-width:0.8"/>`;
}

/** Says what a panel shows, for readers who cannot see it: `"Loss: training 0.41, validation 0.52"`. */
function inWords({ title, format, best }: Panel, curves: readonly Curve[]): string {
  const values = curves.map((curve) => `${curve.name}${newest(curve, format) || " not known yet"}`);
  const star = best === undefined ? [] : [`best ${format(best.value)} at epoch ${formatEpoch(best.epoch)}`];
  return `${title}: ${[...values, ...star].join(", ")}`;
}

const digits = (value: number): number => Math.round(10 * value) / 10;

/** Lists round numbers within a range: about `count`, at distances of 1, 2 or 5 times a power of ten. */
export function roundTicks([low, high]: readonly [number, number], count: number): number[] {
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const nearest = (a: number, b: number) =>
    Math.abs(Math.log((a * power) / raw)) <= Math.abs(Math.log((b * power) / raw)) ? a : b;
  const step = power * [1, 2, 5, 10].reduce(nearest);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

function powersOfTen([low, high]: readonly [number, number]): number[] {
  const [first, last] = [Math.ceil(Math.log10(low)), Math.floor(Math.log10(high))];
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => Number(`1e${first + i}`));
}
