import { afterEach, expect, test, vi } from "vitest";
import { expandHome } from "../../src/platform/files.ts";

afterEach(() => void vi.unstubAllEnvs());

test.each([
  ["~", "/home/a$&b"],
  ["~/models/new", "/home/a$&b/models/new"],
  ["~other/models", "~other/models"],
  ["models/~/new", "models/~/new"],
  ["", ""],
])("%j is the path %j where the home folder is /home/a$&b", (path, expanded) => {
  vi.stubEnv("HOME", "/home/a$&b");
  expect(expandHome(path)).toBe(expanded);
});
