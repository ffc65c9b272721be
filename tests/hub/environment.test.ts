import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { hubServer, hubToken } from "../../src/hub/environment.ts";
import { inHome, makeHome, tokenSettings } from "./tokenSettings.ts";

let home = "";
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "thaw-token-"));
  makeHome(home);
  vi.stubEnv("HOME", home);
});
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true });
});

test.each(tokenSettings)("%s", (_, setting, token) => {
  expect(hubToken(inHome(setting, home))).toBe(token);
});

test("a token that no header carries is refused without being shown", () => {
  for (const token of ["secret\0secret", "secr…t", "secret\tsecret"]) {
    expect(() => hubToken({ HF_TOKEN: token })).toThrow(/^the access token in HF_TOKEN has characters that no token/);
  }
  expect(() => hubToken({ HF_TOKEN_PATH: home })).toThrow(/cannot be read \(EISDIR\)/);
  expect(hubToken({ HF_HOME: join(home, "other") })).toBe(undefined); // a folder that is a file
});

test.each(["ftp://hub", "hub.example", "https://name:secret@hub", "https://", "file:///etc"])(
  "HF_ENDPOINT %s is refused without being shown",
  (address) => {
    expect(() => hubServer({ HF_ENDPOINT: address, HF_HOME: home })).toThrow(/^HF_ENDPOINT is no address[^@]*$/);
  },
);
