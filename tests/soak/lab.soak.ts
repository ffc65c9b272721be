/** Notebooks in a real JupyterLab in a real browser. */
import { describe, expect, test } from "vitest";
import { Lab, whyNoLab } from "./tools/lab.ts";

const missing = whyNoLab();
if (missing !== undefined) console.warn(`JupyterLab in a browser is not tested: ${missing}.`);

describe.skipIf(missing !== undefined)("in JupyterLab", () => {
  test("a cell shows its value, and Stop ends a loop, in either theme", async () => {
    await using lab = await Lab.start();
    lab.write("loop.ipynb", ["21 * 2", "while (true) await new Promise((resolve) => setTimeout(resolve, 10));"]);
    await lab.open("loop.ipynb");
    expect(await lab.runToEnd(0)).toContain("42");
    await lab.theme("dark");
    await lab.run(1);
    await lab.stop();
    await lab.ended(1, 5000);
    expect(await lab.output(1).innerText()).toContain("KernelInterrupt");
    expect(await lab.screenshot("loop-dark")).toContain("loop-dark.png");
    expect(lab.errors).toEqual([]);
  });
});
