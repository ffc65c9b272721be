/** plotly.js without a browser: a jsdom window, opened at the first figure, in which figures are drawn to SVG. */
import { ThawError } from "../../errors.ts";
import { readFileSync } from "../../platform/files.ts";
import { loadPackage, resolvePackage } from "../../platform/packages.ts";
import { truecolorPng } from "./png.ts";
import { type Box, boxOf, pathLength, pointAlong, type SvgNode } from "./svgGeometry.ts";

/** A figure as plotly.js takes it. https://plotly.com/javascript/reference/ */
export interface PlotlyFigure {
  /** The traces: curves, bars, heat maps. */
  readonly data: readonly Readonly<Record<string, unknown>>[];
  /** Everything but the traces: axes, title, size. */
  readonly layout: Readonly<Record<string, unknown>>;
}

/** The part of the jsdom window that is used. jsdom's own types would make the DOM global in the whole project. */
interface PlotlyWindow {
  eval(source: string): unknown;
  drawToSvg(figureJson: string, width: number, height: number): Promise<string>;
  readonly SVGElement: { readonly prototype: object };
  readonly HTMLCanvasElement: { readonly prototype: object };
  readonly URL: object;
}

interface Jsdom {
  readonly JSDOM: new (html: string, options: object) => { readonly window: PlotlyWindow };
  readonly VirtualConsole: new () => object;
}

let opened: PlotlyWindow | undefined;
let queue: Promise<unknown> = Promise.resolve();

/**
 * Draws a figure as an SVG document of `width` x `height` pixels. One figure is drawn at a time. Errors: `BAD_FIGURE`.
 */
export function drawSvg(figure: PlotlyFigure, width: number, height: number): Promise<string> {
  const drawn = queue.then(async () => {
    opened ??= openWindow();
    try {
      return await opened.drawToSvg(JSON.stringify({ data: figure.data, layout: figure.layout }), width, height);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new ThawError("BAD_FIGURE", `plotly cannot draw this figure: ${reason}. Check its data and layout.`, {
        cause: error,
      });
    }
  });
  queue = drawn.catch(() => undefined);
  return drawn;
}

function openWindow(): PlotlyWindow {
  const { JSDOM, VirtualConsole } = loadPackage<Jsdom>("jsdom");
  // A virtual console without listeners: jsdom's "not implemented" notes about styles would end up in the user's cell.
  const { window } = new JSDOM("<!DOCTYPE html><body></body>", {
    runScripts: "outside-only",
    pretendToBeVisual: true,
    virtualConsole: new VirtualConsole(),
  });
  Object.assign(window.URL, { createObjectURL: () => "", revokeObjectURL: () => undefined });
  const canvases = new WeakMap<CanvasSize, PixelCanvas>();
  const canvasOf = (element: CanvasSize): PixelCanvas => {
    const canvas = canvases.get(element) ?? pixelCanvas(element);
    canvases.set(element, canvas);
    return canvas;
  };
  Object.assign(window.HTMLCanvasElement.prototype, {
    getContext(this: CanvasSize, kind: string) {
      return kind === "2d" ? canvasOf(this) : null;
    },
    toDataURL(this: CanvasSize) {
      return canvasOf(this).toDataUrl();
    },
  });
  Object.assign(window.SVGElement.prototype, {
    getBBox(this: SvgNode) {
      return rectangle(boxOf(this));
    },
    getBoundingClientRect(this: SvgNode) {
      return rectangle(boxOf(this));
    },
    getComputedTextLength(this: SvgNode) {
      const { left, right } = boxOf(this);
      return right - left;
    },
    getTotalLength(this: SvgNode) {
      return pathLength(this.getAttribute("d") ?? "");
    },
    getPointAtLength(this: SvgNode, distance: number) {
      return pointAlong(this.getAttribute("d") ?? "", distance);
    },
  });
  // The smallest bundle with scatter, bar and heatmap: 1.5 MB.
  window.eval(readFileSync(resolvePackage("plotly.js/dist/plotly-cartesian.min.js"), "utf8"));
  // The figure crosses as text: objects made outside the window are not plain objects to plotly.
  window.eval(`window.drawToSvg = (json, width, height) =>
    Plotly.toImage(JSON.parse(json), { format: "svg", width, height, imageDataOnly: true });`);
  return window;
}

function rectangle(box: Box) {
  const [width, height] = [box.right - box.left, box.bottom - box.top];
  return { ...box, x: box.left, y: box.top, width, height };
}

/** The size of a canvas element, read when painting begins. */
interface CanvasSize {
  readonly width: number;
  readonly height: number;
}

/** The part of a browser's canvas that heat maps use: filled rectangles, pixels, and their PNG. */
interface PixelCanvas {
  /** Plotly writes colours here as `rgb(...)` or `rgba(...)`. */
  fillStyle: string;
  fillRect(x: number, y: number, width: number, height: number): void;
  createImageData(width: number, height: number): { readonly data: Uint8ClampedArray };
  putImageData(image: { readonly data: Uint8ClampedArray }): void;
  toDataUrl(): string;
}

function pixelCanvas({ width, height }: CanvasSize): PixelCanvas {
  const pixels = new Uint8ClampedArray(4 * width * height);
  return {
    fillStyle: "rgb(0,0,0)",
    fillRect(x, y, rectWidth, rectHeight) {
      const [red = 0, green = 0, blue = 0, alpha = 1] = (this.fillStyle.match(/[\d.]+/g) ?? []).map(Number);
      const [left, right] = [Math.max(0, Math.round(x)), Math.min(width, Math.round(x + rectWidth))];
      const [top, bottom] = [Math.max(0, Math.round(y)), Math.min(height, Math.round(y + rectHeight))];
      for (let row = top; row < bottom; row++) {
        for (let column = left; column < right; column++) {
          pixels.set([red, green, blue, 255 * alpha], 4 * (row * width + column));
        }
      }
    },
    createImageData: (imageWidth, imageHeight) => ({ data: new Uint8ClampedArray(4 * imageWidth * imageHeight) }),
    putImageData: ({ data }) => pixels.set(data.subarray(0, pixels.length)),
    toDataUrl: () => `data:image/png;base64,${truecolorPng({ width, height, pixels }).toString("base64")}`,
  };
}
