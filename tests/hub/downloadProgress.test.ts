import { expect, test } from "vitest";
import type { DisplayBundle } from "../../shared/mimeBundle.ts";
import { logScreen, type Screen, terminalScreen } from "../../src/display/liveDisplay.ts";
import { DownloadProgress, TransferSpeed } from "../../src/hub/downloadProgress.ts";

/** 90.9 MB in two files, of which 10 MB had been left by an earlier try; one step is a tenth of a second. */
function play(screen: Screen, steps: number, end?: string): void {
  let now = 50;
  const progress = new DownloadProgress("org/name", 90_900_000, { screen, intervalMs: 0, clock: () => now });
  progress.advance(900_000, 900_000);
  progress.completeFile(900_000);
  progress.advance(10_000_000, 0);
  for (let step = 1; step <= steps; step++) {
    now += 0.1;
    progress.advance(10_000_000 + 400_000 * step, 400_000);
  }
  if (end !== undefined) progress.close(end);
}

function texts(steps: number, end?: string): DisplayBundle[] {
  const shown: DisplayBundle[] = [];
  play({ show: (bundle) => void shown.push(bundle), close: () => {} }, steps, end);
  return shown;
}

const last = (bundles: readonly DisplayBundle[]) => bundles.at(-1)?.data ?? {};

test("it begins with all bytes of all files, and nothing known of the time", () => {
  expect(texts(0)[0]?.data["text/plain"]).toBe("----------   0% [ 0.0/90.9 MB 00:00 ] Downloading org/name");
});

test("bytes, speed and time left are told; what was there already is done but has no speed", () => {
  // 0.9 + 10 + 40 MB are there after 10 s, of which 40.9 came; 40 MB are left at 4.09 MB/s, later at 4 MB/s
  const { "text/plain": text, "text/html": html } = last(texts(100));
  expect(text).toBe("#####-----  55% [ 50.9/90.9 MB 00:10 < 00:10, 4.1 MB/s ] Downloading org/name");
  expect(html).toBe(
    "<div><div>Downloading org/name</div>" +
      '<div><progress aria-label="Downloading org/name 50.9/90.9 MB" value="50900000" max="90900000" ' +
      'style="width: min(300px, 34%); height: 20px; vertical-align: middle"></progress> ' +
      "[ 50.9/90.9 MB 00:10 &lt; 00:10, 4.1 MB/s ]</div></div>",
  );
});

test("at its end it says how it ended, and no time is left", () => {
  expect(last(texts(200, "Downloaded org/name into a folder"))["text/plain"]).toBe(
    "########## 100% [ 90.9/90.9 MB 00:20 ] Downloaded org/name into a folder",
  );
});

test("in a terminal it is one line, in a log one at the start and one at the end", () => {
  const written: string[] = [];
  const stream = { write: (text: string) => void written.push(text), columns: 80, rows: 24 };
  play(terminalScreen(stream), 200, "Downloaded org/name");
  expect(written.length).toBeGreaterThan(100);
  for (const text of written.slice(1)) expect(text.replace("\x1b[1A\x1b[0J", "<up>")).toMatch(/^<up>.{1,79}\n$/);
  written.length = 0;
  play(logScreen(stream), 200, "Downloaded org/name");
  expect(written).toEqual([
    "----------   0% [ 0.0/90.9 MB 00:00 ] Downloading org/name\n",
    "########## 100% [ 90.9/90.9 MB 00:20 ] Downloaded org/name\n",
  ]);
});

test("nothing is known before something has come", () => {
  const speed = new TransferSpeed(100);
  expect(speed.perSecond(100)).toBe(undefined);
  speed.add(0, 103);
  expect(speed.perSecond(103)).toBe(undefined);
});

test("a steady speed is told from the first piece on", () => {
  const speed = new TransferSpeed(100);
  for (let at = 100.1; at < 160; at += 0.1) {
    speed.add(5000, at);
    expect(speed.perSecond(at)).toBeCloseTo(50_000, 6);
  }
});

test("after ten seconds the speed is that of the new network, and after silence there is none", () => {
  const speed = new TransferSpeed(0);
  for (let at = 1; at <= 100; at++) speed.add(1_000_000, at);
  for (let at = 101; at <= 105; at++) speed.add(10_000, at);
  expect(speed.perSecond(105)).toBeLessThan(700_000);
  for (let at = 106; at <= 112; at++) speed.add(10_000, at);
  expect(speed.perSecond(112)).toBeCloseTo(10_000, 6);
  expect(speed.perSecond(1000)).toBe(undefined);
});
