/** A plotly figure that shows itself: live where the notebook can, as a picture everywhere else, as a sentence in a terminal. */
import { writeFile } from "node:fs/promises";
import { extname } from "node:path";
import { inspect } from "node:util";
import { type DisplayBundle, displaySymbol, type MimeBundle } from "../../../shared/mimeBundle.ts";
import { escapeHtml } from "../../../shared/text.ts";
import { ThawError } from "../../errors.ts";
import { subsetFont } from "./fontSubset.ts";
import { type FontFace, fonts } from "./fonts.ts";
import { type PlotlyFigure, plainFigure } from "./plotlyFigure.ts";
import { drawSvg } from "./plotlyWindow.ts";
import { rasterize } from "./png.ts";
import { onAnyPage } from "./theme.ts";

/** Your own figure: `new Figure({ data: [{ type: "scatter", x, y }], layout: { title: { text: "..." } } })`. */
export class Figure {
  readonly data: PlotlyFigure["data"];
  readonly layout: PlotlyFigure["layout"];
  /** What the figure shows, in words: its text/plain, for terminals and screen readers. Default: title and trace names. */
  readonly altText: string;

  constructor(
    figure: { readonly data: PlotlyFigure["data"]; readonly layout?: PlotlyFigure["layout"] },
    altText?: string,
  ) {
    const { data, layout } = plainFigure({ data: figure.data, layout: figure.layout ?? {} });
    this.data = data;
    this.layout = layout;
    this.altText = altText ?? describe({ data, layout });
  }

  /** In CSS pixels: those of the layout, else 800 x 450. */
  get size(): { readonly width: number; readonly height: number } {
    const { width, height } = this.layout;
    return { width: typeof width === "number" ? width : 800, height: typeof height === "number" ? height : 450 };
  }

  /**
   * An SVG document, with its font and its description. Text stays text. Traces drawn by WebGL (scattergl) and maps need a
   * browser.
   */
  async toSvg(): Promise<string> {
    return withFontAndText(await this.#draw(this), this.altText);
  }

  /** A PNG of `scale` pixels a CSS pixel, with the same font on every machine. Default: 2. */
  async toPng(scale = 2): Promise<Uint8Array> {
    return rasterize(await this.#draw(this), scale, "white");
  }

  /** Writes a picture, or the figure's data. @throws ThawError `BAD_FIGURE_PATH` on an ending other than .png, .svg or .json */
  async save(path: string): Promise<void> {
    await writeFile(path, await this.#fileContent(path));
  }

  /**
   * Live plotly, PNG and text. No HTML: notebooks rank it above the picture, and GitHub shows it blank. The picture has one
   * pixel per CSS pixel: JupyterLab shows it as large as it is until the pointer comes, and only then what is live. Neither
   * has paper of its own, so that they stand on light and dark pages. The metadata has the alternative text where nbconvert
   * looks for it.
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

  async [displaySymbol](): Promise<MimeBundle> {
    return (await this.toBundle()).data;
  }

  toString(): string {
    return this.altText;
  }

  [inspect.custom](): string {
    return this.altText;
  }

  async #draw(figure: PlotlyFigure): Promise<string> {
    const { width, height } = this.size;
    return drawSvg(figure, width, height);
  }

  async #fileContent(path: string): Promise<string | Uint8Array> {
    switch (extname(path).toLowerCase()) {
      case ".png":
        return this.toPng();
      case ".svg":
        return this.toSvg();
      case ".json":
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

/** The font as far as it is used, so that the picture looks the same everywhere, and the description for screen readers. */
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
