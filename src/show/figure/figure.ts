/**
 * A plotly figure that shows itself: live where the notebook can, as a picture everywhere else, as a sentence in a
 * terminal.
 */
import { type DisplayBundle, displaySymbol, type MimeBundle } from "../../../shared/mimeBundle.ts";
import { escapeHtml } from "../../../shared/text.ts";
import { ThawError } from "../../errors.ts";
import { writeFile } from "../../platform/files.ts";
import { type FontFace, fonts, subsetFont } from "./fonts.ts";
import { drawSvg, type PlotlyFigure } from "./plotlyWindow.ts";
import { rasterize } from "./png.ts";
import { axisColor, clear, faintInk, ink, type Plain } from "./theme.ts";

/**
 * A plotly figure of your own: `new Figure({ data: [{ type: "scatter", x, y }], layout: { title: { text: "..." } } })`. It
 * shows itself where a cell ends with it.
 */
export class Figure {
  /** The traces. Typed arrays are plain arrays, NaN and infinities null. https://plotly.com/javascript/reference/ */
  readonly data: PlotlyFigure["data"];
  /** Everything but the traces: axes, title, size. https://plotly.com/javascript/reference/layout/ */
  readonly layout: PlotlyFigure["layout"];
  /** Describes the figure in words, for terminals and screen readers. Default: title and trace names. */
  readonly altText: string;

  /** Copies the figure. `altText` describes it in words. Default: title and trace names. */
  constructor(
    figure: { readonly data: PlotlyFigure["data"]; readonly layout?: PlotlyFigure["layout"] },
    altText?: string,
  ) {
    const { data, layout } = plainFigure({ data: figure.data, layout: figure.layout ?? {} });
    this.data = data;
    this.layout = layout;
    this.altText = altText ?? describe({ data, layout });
  }

  /** The size in CSS pixels: that of the layout, else 800 x 450. */
  get size(): { readonly width: number; readonly height: number } {
    const { width, height } = this.layout;
    return { width: typeof width === "number" ? width : 800, height: typeof height === "number" ? height : 450 };
  }

  /**
   * Draws an SVG document with its font and its description, in which text stays text. Traces drawn by WebGL (scattergl) and
   * maps need a browser. Errors: `BAD_FIGURE` where plotly cannot draw it.
   */
  async toSvg(): Promise<string> {
    return withFontAndText(await this.#draw(this), this.altText);
  }

  /**
   * Draws a PNG on white with `scale` pixels per CSS pixel (default: 2), with the same font on every machine. Errors:
   * `BAD_FIGURE`.
   */
  async toPng(scale = 2): Promise<Uint8Array> {
    return rasterize(await this.#draw(this), scale, "white");
  }

  /**
   * Writes a .png or .svg picture, or the figure's data as .json. Errors: `BAD_FIGURE_PATH` on any other ending,
   * `BAD_FIGURE`.
   */
  async save(path: string): Promise<void> {
    await writeFile(path, await this.#fileContent(path));
  }

  /**
   * Bundles live plotly, PNG and text. There is no HTML: notebooks rank it above the picture, and GitHub shows it blank. The
   * picture has one pixel per CSS pixel: JupyterLab shows it at that size until the pointer comes, and only then the live
   * plot. Neither has paper of its own, so that they stand on light and dark pages. The metadata has the alternative text
   * where nbconvert looks for it. Errors: `BAD_FIGURE`.
   */
  async toBundle(): Promise<DisplayBundle> {
    const figure = onAnyPage(this);
    const png = await rasterize(await this.#draw(figure), 1);
    return {
      data: {
        "application/vnd.plotly.v1+json": { ...figure, config: { displaylogo: false } },
        "image/png": Buffer.from(png).toString("base64"),
        "text/plain": this.altText,
      },
      metadata: { "image/png": { ...this.size, alt: this.altText } },
    };
  }

  /** Shows the figure where a cell ends with it. */
  async [displaySymbol](): Promise<MimeBundle> {
    return (await this.toBundle()).data;
  }

  /** Describes the figure in words. */
  toString(): string {
    return this.altText;
  }

  /** Prints the description in Node. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.altText;
  }

  async #draw(figure: PlotlyFigure): Promise<string> {
    const { width, height } = this.size;
    return drawSvg(figure, width, height);
  }

  async #fileContent(path: string): Promise<string | Uint8Array> {
    const ending = /[^/\\]\.(png|svg|json)$/i.exec(path)?.[1]?.toLowerCase();
    switch (ending) {
      case "png":
        return this.toPng();
      case "svg":
        return this.toSvg();
      case "json":
        return JSON.stringify({ data: this.data, layout: this.layout });
      default:
        throw new ThawError(
          "BAD_FIGURE_PATH",
          `Cannot save a figure as "${path}": end the name in .png, .svg or .json.`,
        );
    }
  }
}

function describe({ data, layout }: PlotlyFigure): string {
  const { title } = layout as { title?: string | { text?: string } };
  const text = (typeof title === "string" ? title : title?.text) ?? "Figure";
  const names = data.map((trace, i) => String(trace.name ?? `${trace.type ?? "scatter"} ${i + 1}`));
  return `${text.replace(/<[^>]*>/g, " ").trim()} (${names.join(", ")})`;
}

/**
 * The colour of text in live figures, which stand on the page whatever its theme: its contrast is 4.5 to 1 with white, and
 * 4.2 to 1 with the page of JupyterLab's dark theme.
 */
const liveInk = "#767676";

/**
 * Adapts a figure to a page of unknown colour: without paper of its own, and with text that is read on light and dark.
 */
function onAnyPage({ data, layout }: PlotlyFigure): PlotlyFigure {
  const recoloured = (value: unknown): unknown => {
    if (typeof value === "string")
      return value === "white" ? clear : value.replaceAll(ink, liveInk).replaceAll(faintInk, liveInk);
    if (value === null || typeof value !== "object") return value;
    if (Array.isArray(value)) return typeof value[0] === "number" ? value : value.map(recoloured);
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, recoloured(inner)]));
  };
  const { font, ...rest } = recoloured(layout) as Plain;
  const page = {
    paper_bgcolor: clear,
    plot_bgcolor: clear,
    font: { color: liveInk, ...(font as Plain | undefined) },
    modebar: { bgcolor: clear, color: axisColor, activecolor: liveInk },
  };
  return { data: recoloured(data) as PlotlyFigure["data"], layout: { ...page, ...rest } };
}

/**
 * Copies a figure: typed arrays become plain arrays (older renderers draw nothing else), NaN and infinities null (JSON).
 */
function plainFigure({ data, layout }: PlotlyFigure): PlotlyFigure {
  return {
    data: data.map((trace) => plain(trace) as PlotlyFigure["data"][number]),
    layout: plain(layout) as PlotlyFigure["layout"],
  };
}

function plain(value: unknown): unknown {
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  if (typeof value === "bigint") return Number(value);
  if (value === null || typeof value !== "object") return value;
  if (value instanceof Date) return value.toISOString();
  if (ArrayBuffer.isView(value)) return value instanceof DataView ? [] : Array.from(value as Float32Array, plain);
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

/**
 * Embeds the letters that are used, so that the picture looks the same everywhere, and the description for screen
 * readers.
 */
function withFontAndText(svg: string, altText: string): string {
  // entities stand for these five characters
  const text = svg.replace(/<[^>]*>/g, "").replace(/&#x?([\da-f]+);|&(\w+);/gi, "&\"'<>");
  const { regular, bold } = fonts();
  const face = (font: FontFace, weight: number) =>
    `@font-face{font-family:"Open Sans";font-weight:${weight};` +
    `src:url(data:font/ttf;base64,${subsetFont(font, text).toString("base64")})}`;
  const hasBold = /font-weight:\s*(?:bold|[6-9]00)/.test(svg);
  const style = `<style>${face(regular, 400)}${hasBold ? face(bold, 700) : ""}</style>`;
  return svg.replace(/<svg\b([^>]*)>/, (_, attributes) => {
    const described = `<title>${escapeHtml(altText.split("\n", 1)[0] as string)}</title><desc>${escapeHtml(altText)}</desc>`;
    return `<svg${attributes} role="img">${described}${style}`;
  });
}
