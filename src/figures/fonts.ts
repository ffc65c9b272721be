/** The font of every picture, loaded from this package's own dependency so that a figure looks the same on every machine. */
import { createRequire } from "node:module";
import { type FontFace, readFontFace } from "./fontFace.ts";

/** First choice of every text in a figure; live plots fall back to what the reader's browser has. */
export const fontFamily = "Open Sans, verdana, arial, sans-serif";

export interface Fonts {
  readonly regular: FontFace;
  readonly bold: FontFace;
  /** Paths of all font files, for the rasterizer. */
  readonly files: readonly string[];
}

let loaded: Fonts | undefined;

/** Reads the fonts at first use (about 130 kB each). */
export function fonts(): Fonts {
  if (loaded === undefined) {
    const require = createRequire(import.meta.url);
    const path = (style: string) => require.resolve(`@expo-google-fonts/open-sans/${style}/OpenSans_${style}.ttf`);
    const [regular, bold] = [readFontFace(path("400Regular")), readFontFace(path("700Bold"))];
    loaded = { regular, bold, files: [regular.path, bold.path, path("400Regular_Italic")] };
  }
  return loaded;
}
