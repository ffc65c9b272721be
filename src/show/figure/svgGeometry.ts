/** The geometry of an SVG that plotly asks a browser for and jsdom does not know: boxes of text and lengths of paths. */
import { fonts } from "./fonts.ts";

/** This is the part of an SVG element's interface that is read here; jsdom's elements have it. */
export interface SvgNode {
  readonly tagName: string;
  readonly textContent: string | null;
  readonly children: Iterable<SvgNode>;
  readonly parentElement: SvgNode | null;
  readonly style:
    | { readonly fontSize?: string; readonly fontWeight?: string; readonly textAnchor?: string }
    | undefined;
  getAttribute(name: string): string | null;
}

/** A rectangle in pixels; y grows downwards. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

const emptyBox: Box = { left: 0, top: 0, right: 0, bottom: 0 };

/**
 * Measures the box of a text, or of all that a group holds, in the coordinates of the element itself: its own transform is
 * left out.
 */
export function boxOf(node: SvgNode): Box {
  if (node.tagName === "text" || node.tagName === "tspan") return textBox(node);
  if (node.tagName === "rect" || node.tagName === "image") return rectBox(node);
  const boxes = [...node.children].map((child) => placed(boxOf(child), child)).filter((box) => box.right > box.left);
  return boxes.length === 0 ? emptyBox : union(boxes);
}

function textBox(node: SvgNode): Box {
  const size = Number.parseFloat(inherited(node, "fontSize") ?? "") || 12;
  const weight = inherited(node, "fontWeight") ?? "normal";
  const lines = [...node.children].filter((child) => child.getAttribute("class") === "line");
  const widths = (lines.length === 0 ? [node] : lines).map((line) => size * lineWidth(line, weight));
  const width = Math.max(...widths);
  const anchor = inherited(node, "textAnchor") ?? node.getAttribute("text-anchor") ?? "start";
  const left = number(node, "x") - (anchor === "middle" ? width / 2 : anchor === "end" ? width : 0);
  const lineHeight = 1.3 * size; // plotly's LINE_SPACING
  const top = number(node, "y") - fonts().regular.ascent * size;
  const below = fonts().regular.descent * size + (widths.length - 1) * lineHeight;
  return { left, top, right: left + width, bottom: number(node, "y") + below };
}

/** Measures a line in em. Its bold parts (plotly turns `<b>` into a tspan) are measured in bold. */
function lineWidth(line: SvgNode, weight: string): number {
  const bolds = [...line.children]
    .filter((part) => part.style?.fontWeight === "bold")
    .map((part) => part.textContent ?? "");
  const isBold = weight === "bold" || Number(weight) >= 600;
  const { regular, bold } = fonts();
  const whole = (isBold ? bold : regular).width(line.textContent ?? "");
  return isBold ? whole : bolds.reduce((sum, part) => sum + bold.width(part) - regular.width(part), whole);
}

function rectBox(node: SvgNode): Box {
  const [left, top] = [number(node, "x"), number(node, "y")];
  return { left, top, right: left + number(node, "width"), bottom: top + number(node, "height") };
}

function inherited(node: SvgNode, property: "fontSize" | "fontWeight" | "textAnchor"): string | undefined {
  for (let at: SvgNode | null = node; at !== null; at = at.parentElement) {
    const value = at.style?.[property];
    if (value) return value;
  }
  return undefined;
}

/** Applies the node's own `translate` and `rotate` to its box: plotly puts no other transforms on labels. */
function placed(box: Box, node: SvgNode): Box {
  let placedBox = box;
  const steps = [...(node.getAttribute("transform") ?? "").matchAll(/(translate|rotate)\(([^)]*)\)/g)].reverse();
  for (const [, kind, list] of steps) {
    const [a = 0, b = 0, c = 0] = (list ?? "").split(/[\s,]+/).map(Number);
    placedBox = kind === "translate" ? moved(placedBox, a, b) : rotated(placedBox, a, b, c);
  }
  return placedBox;
}

function moved({ left, top, right, bottom }: Box, x: number, y: number): Box {
  return { left: left + x, top: top + y, right: right + x, bottom: bottom + y };
}

/** Turns `box` by `degrees` around the point (x, y), and returns the smallest upright box around it. */
function rotated({ left, top, right, bottom }: Box, degrees: number, x: number, y: number): Box {
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  const corners = [left, right].flatMap((cx) => [top, bottom].map((cy) => [cx - x, cy - y] as const));
  const xs = corners.map(([cx, cy]) => x + cx * cos - cy * sin);
  const ys = corners.map(([cx, cy]) => y + cx * sin + cy * cos);
  return { left: Math.min(...xs), top: Math.min(...ys), right: Math.max(...xs), bottom: Math.max(...ys) };
}

function union(boxes: readonly Box[]): Box {
  return {
    left: Math.min(...boxes.map((box) => box.left)),
    top: Math.min(...boxes.map((box) => box.top)),
    right: Math.max(...boxes.map((box) => box.right)),
    bottom: Math.max(...boxes.map((box) => box.bottom)),
  };
}

function number(node: SvgNode, attribute: string): number {
  return Number.parseFloat(node.getAttribute(attribute) ?? "") || 0;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * Measures an SVG path of straight lines (`M0,0L30,40`), which plotly asks for at arrows and contour labels. Curves count as
 * the straight lines between their control points.
 */
export function pathLength(d: string): number {
  return segments(points(d)).reduce((sum, { length }) => sum + length, 0);
}

/** Finds the point `distance` along the path; the path's end where it is shorter. */
export function pointAlong(d: string, distance: number): Point {
  const corners = points(d);
  let left = Math.max(0, distance);
  for (const { from, to, length } of segments(corners)) {
    if (left <= length && length > 0) {
      const part = left / length;
      return { x: from.x + part * (to.x - from.x), y: from.y + part * (to.y - from.y) };
    }
    left -= length;
  }
  return corners.at(-1) ?? { x: 0, y: 0 };
}

function points(d: string): Point[] {
  const numbers = (d.match(/-?\d*\.?\d+(?:e-?\d+)?/gi) ?? []).map(Number);
  const corners: Point[] = [];
  for (let i = 0; i + 1 < numbers.length; i += 2) corners.push({ x: numbers[i] ?? 0, y: numbers[i + 1] ?? 0 });
  return corners;
}

function segments(corners: readonly Point[]) {
  return corners.slice(1).map((to, i) => {
    const from = corners[i] ?? to;
    return { from, to, length: Math.hypot(to.x - from.x, to.y - from.y) };
  });
}
