/** As much of a browser's canvas as heat maps are painted with: filled rectangles, pixels, and the PNG of them. */
import { deflateSync } from "node:zlib";
import { pngFile } from "./pngFile.ts";

/** A canvas element's own size, read when painting begins. */
export interface CanvasSize {
  readonly width: number;
  readonly height: number;
}

export interface PixelCanvas {
  /** `rgb(...)` or `rgba(...)`, as plotly writes colours here. */
  fillStyle: string;
  fillRect(x: number, y: number, width: number, height: number): void;
  createImageData(width: number, height: number): { readonly data: Uint8ClampedArray };
  putImageData(image: { readonly data: Uint8ClampedArray }): void;
  toDataUrl(): string;
}

export function pixelCanvas({ width, height }: CanvasSize): PixelCanvas {
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
    toDataUrl: () => `data:image/png;base64,${truecolorPng({ width, height }, pixels).toString("base64")}`,
  };
}

function truecolorPng({ width, height }: CanvasSize, pixels: Uint8ClampedArray): Buffer {
  const stride = 4 * width;
  const rows = Buffer.alloc((stride + 1) * height); // each row after a byte 0: no filter
  for (let y = 0; y < height; y++) rows.set(pixels.subarray(y * stride, (y + 1) * stride), y * (stride + 1) + 1);
  return pngFile({ width, height, colorType: "rgba" }, [["IDAT", deflateSync(rows)]]);
}
