import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { loadPackage, packageUrl, resolvePackage } from "../../src/platform/packages.ts";

test("a package is found by its name, and a file in it by its path", () => {
  expect(resolvePackage("plotly.js/dist/plotly-cartesian.min.js")).toMatch(
    /plotly\.js\/dist\/plotly-cartesian\.min\.js$/,
  );
  expect(packageUrl("hyparquet")).toMatch(/^file:\/\//);
  expect(existsSync(fileURLToPath(packageUrl("hyparquet")))).toBe(true);
});

test("a package is loaded once, beside another its own copy", () => {
  expect(loadPackage("semver")).toBe(loadPackage("semver"));
  expect(loadPackage<{ readonly gt: unknown }>("semver", { beside: "typescript/package.json" }).gt).toBeTypeOf(
    "function",
  );
});

test("a package that is not installed is Node's own error", () => {
  expect(() => resolvePackage("not-installed-anywhere")).toThrow(/Cannot find module 'not-installed-anywhere'/);
  expect(() => loadPackage("semver", { beside: "not-installed-anywhere" })).toThrow(/Cannot find module/);
});
