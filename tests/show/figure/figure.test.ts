import { readFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { expect, test } from "vitest";
import { displaySymbol } from "../../../shared/mimeBundle.ts";
import { Figure } from "../../../src/show/figure/figure.ts";
import { baseLayout, clear, ink } from "../../../src/show/figure/theme.ts";
import { temporaryFolder } from "../../temporary.ts";
import { contrast, decodePng } from "../decodePng.ts";

const line = { type: "scatter", x: [1, 2, 3], y: [0.5, 0.25, 0.125], name: "loss" };
const layout = { title: { text: "Loss of <b>one</b> run" }, width: 400, height: 300 };

test("a figure is live plotly, a picture and text in one bundle, with no HTML to hide the picture on GitHub", async () => {
  const { data, metadata } = await new Figure({ data: [line], layout }, "loss falls from 0.5 to 0.125").toBundle();
  expect(Object.keys(data)).toEqual(["application/vnd.plotly.v1+json", "image/png", "text/plain"]);
  expect(data["application/vnd.plotly.v1+json"]).toMatchObject({
    data: [line],
    layout,
    config: { displaylogo: false },
  });
  expect(data["text/plain"]).toBe("loss falls from 0.5 to 0.125");
  // nbconvert takes the text for people who do not see the picture from here
  expect(metadata).toEqual({ "image/png": { width: 400, height: 300, alt: "loss falls from 0.5 to 0.125" } });
  const picture = decodePng(Buffer.from(String(data["image/png"]), "base64"));
  expect([picture.width, picture.height]).toEqual([400, 300]); // as it is shown before it is live
  expect(contrast(picture)).toBeGreaterThan(10);
  expect(picture.pixels[3]).toBe(0); // no paper: it stands on light and dark pages
  const saved = decodePng(await new Figure({ data: [line], layout }).toPng(1));
  expect([...saved.pixels.subarray(0, 4)]).toEqual([255, 255, 255, 255]);
});

test("what a notebook shows has no paper of its own and text that is read on any page", async () => {
  const text = { text: `<span style="color:${ink}">a</span>` };
  const own = { ...baseLayout, annotations: [text], paper_bgcolor: "white" };
  const { data } = await new Figure({ data: [line], layout: own }).toBundle();
  const live = data["application/vnd.plotly.v1+json"] as { layout: Record<string, unknown> };
  expect(live.layout).toMatchObject({ paper_bgcolor: clear, plot_bgcolor: clear, modebar: { bgcolor: clear } });
  expect(JSON.stringify(live.layout)).not.toContain(ink);
  const { color } = live.layout.font as { color: string };
  const luminance = (hex: string) => {
    const [r = 0, g = 0, b = 0] = (hex.match(/[\da-f]{2}/gi) ?? []).map((part) => {
      const share = Number.parseInt(part, 16) / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (one: string, other: string) => {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
    return (high + 0.05) / (low + 0.05);
  };
  expect(ratio(color, "#ffffff")).toBeGreaterThanOrEqual(4.5); // WCAG 2, AA
  expect(ratio(color, "#111111")).toBeGreaterThanOrEqual(4); // JupyterLab's dark theme
  const mine = await new Figure({ data: [line], layout: { ...layout, paper_bgcolor: "#ffeedd" } }).toBundle();
  expect(mine.data["application/vnd.plotly.v1+json"]).toMatchObject({ layout: { paper_bgcolor: "#ffeedd" } });
});

test("an SVG says what it shows, and carries its font with the letters that it uses", async () => {
  const svg = await new Figure({ data: [line], layout }, 'loss "falls" <fast>').toSvg();
  expect(svg).toMatch(/^<svg[^>]* role="img"><title>loss &quot;falls&quot; &lt;fast&gt;<\/title><desc>/);
  const faces = [...svg.matchAll(/font-weight:(\d+);src:url\(data:font\/ttf;base64,([^)]+)\)/g)];
  expect(faces.map(([, weight]) => weight)).toEqual(["400", "700"]); // the title has a bold word
  for (const [, , base64] of faces) expect(Buffer.from(base64 as string, "base64").length).toBeLessThan(40_000);
});

test("a user's figure shows itself and is a sentence in a terminal", async () => {
  const figure = new Figure({ data: [line], layout });
  expect(inspect(figure)).toBe("Loss of  one  run (loss)");
  expect(Object.keys(await figure[displaySymbol]())).toContain("image/png");
});

test("typed arrays become plain ones and NaN becomes null, for renderers that read JSON", () => {
  const figure = new Figure({
    data: [{ type: "scatter", y: new Float32Array([1, Number.NaN, 0.5]), x: BigInt64Array.of(1n, 2n, 3n) }],
  });
  expect(figure.data).toEqual([{ type: "scatter", y: [1, null, 0.5], x: [1, 2, 3] }]);
});

test("pictures are the same each time and hold the title, the ticks and the curve", async () => {
  const figure = new Figure({ data: [line], layout });
  const [first, second] = [await figure.toSvg(), await figure.toSvg()];
  expect(first).toContain("Open Sans");
  expect(first).toMatch(/>one<\/tspan>/);
  expect(first).toContain('class="js-line"');
  expect(Buffer.from(await figure.toPng()).equals(Buffer.from(await figure.toPng()))).toBe(true);
  expect(second.length).toBe(first.length);
});

test("bars and heat maps are drawn too", async () => {
  const bars = new Figure({ data: [{ type: "bar", x: ["a", "b"], y: [1, 2] }] });
  const z = Array.from({ length: 40 }, (_, i) => Array.from({ length: 40 }, (_, j) => Math.sin(i * j)));
  const map = new Figure({ data: [{ type: "heatmap", z, colorscale: "Viridis" }] });
  expect(contrast(decodePng(await bars.toPng(1)))).toBeGreaterThan(10);
  expect(contrast(decodePng(await map.toPng(1)))).toBeGreaterThan(10);
});

test("a heat map has cells with sharp edges, not a blur", async () => {
  const layout = { width: 200, height: 200, margin: { l: 0, r: 0, t: 0, b: 0 } };
  const data = [
    {
      type: "heatmap",
      z: [[0, 1]],
      colorscale: [
        [0, "#000000"],
        [1, "#ffffff"],
      ],
      showscale: false,
    },
  ];
  const { width, pixels } = decodePng(await new Figure({ data, layout }).toPng(1));
  const redAt = (x: number) => pixels[4 * (100 * width + x)];
  expect([redAt(10), redAt(90), redAt(110), redAt(190)]).toEqual([0, 0, 255, 255]);
});

test("figures asked for at once do not disturb each other", async () => {
  const svgs = await Promise.all(
    ["first", "second"].map((text) => new Figure({ data: [line], layout: { title: { text } } }).toSvg()),
  );
  expect(svgs.map((svg) => /first|second/.exec(svg)?.[0])).toEqual(["first", "second"]);
});

test("a figure is saved as picture or data, by the ending of its name", async () => {
  const folder = temporaryFolder();
  const figure = new Figure({ data: [line], layout });
  await figure.save(join(folder, "a.png"));
  await figure.save(join(folder, "a.svg"));
  await figure.save(join(folder, "a.json"));
  expect(decodePng(readFileSync(join(folder, "a.png"))).width).toBe(800);
  expect(readFileSync(join(folder, "a.svg"), "utf8")).toMatch(/^<svg/);
  expect(JSON.parse(readFileSync(join(folder, "a.json"), "utf8"))).toEqual({ data: [line], layout });
  await expect(figure.save(join(folder, "a.gif"))).rejects.toThrow(/end the name in \.png, \.svg or \.json/);
});
