import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { hostSymbol } from "../../shared/host.ts";
import type { DisplayBundle } from "../../shared/mimeBundle.ts";
import { denoScreen, logScreen, openDisplay, terminalScreen } from "../../src/display/liveDisplay.ts";

const text = (value: string): DisplayBundle => ({ data: { "text/plain": value } });

function recorder() {
  const shown: string[] = [];
  const screen = { show: ({ data }: DisplayBundle) => void shown.push(String(data["text/plain"])), close: () => {} };
  return { shown, screen };
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => {
  vi.useRealTimers();
  Reflect.deleteProperty(globalThis, hostSymbol);
});

test("a thousand updates in a second are five redraws, and the last one is shown", () => {
  const { shown, screen } = recorder();
  const display = openDisplay(text("start"), { screen });
  let made = 0;
  for (let i = 0; i < 1000; i++) {
    display.update(() => {
      made++;
      return text(String(i));
    });
    vi.advanceTimersByTime(1);
  }
  display.close();
  expect(shown[0]).toBe("start");
  expect(shown.at(-1)).toBe("999");
  expect(shown.length).toBeLessThanOrEqual(7);
  expect(shown.length).toBeGreaterThanOrEqual(5);
  expect(made).toBe(shown.length - 1); // what is not shown is not made
});

test("a waiting update is shown when the interval is over, without another update", () => {
  const { shown, screen } = recorder();
  openDisplay(text("start"), { screen }).update(text("next"));
  expect(shown).toEqual(["start"]);
  vi.advanceTimersByTime(200);
  expect(shown).toEqual(["start", "next"]);
});

test("nothing is shown after close", () => {
  const { shown, screen } = recorder();
  const display = openDisplay(text("start"), { screen });
  display.close();
  display.update(text("late"));
  vi.advanceTimersByTime(1000);
  expect(shown).toEqual(["start"]);
});

test("in the kernel one display is opened and then replaced under its name", () => {
  const calls: unknown[] = [];
  const host = {
    display: (bundle: DisplayBundle, options: object) => void calls.push([bundle.data["text/plain"], options]),
  };
  Object.assign(globalThis, { [hostSymbol]: { ...host, signal: undefined } });
  const display = openDisplay(text("a"));
  display.update(text("b"));
  display.close();
  const displayId = expect.stringMatching(/^[0-9a-f-]{36}$/);
  expect(calls).toEqual([
    ["a", { displayId, update: false }],
    ["b", { displayId, update: true }],
  ]);
});

test("in Deno messages go out in order, and a failing one does not stop the others", async () => {
  const sent: string[] = [];
  const screen = denoScreen(async (type, { data, transient }) => {
    const id = (transient as { display_id: string }).display_id;
    sent.push(`${type} ${(data as Record<string, string>)["text/plain"]} ${id.length}`);
    if (sent.length === 1) throw new Error("gone");
  });
  screen.show(text("a"));
  screen.show(text("b"));
  await vi.waitFor(() => expect(sent).toEqual(["display_data a 36", "update_display_data b 36"]));
});

test("a terminal is rewritten in place, with long lines cut", () => {
  const written: string[] = [];
  const screen = terminalScreen({ write: (part) => written.push(part), columns: 21, rows: 24 });
  screen.show(text("one\ntwo"));
  screen.show(text("a line that is much too long"));
  expect(written).toEqual(["one\ntwo\n", "\x1b[2A\x1b[0Ja line that is much \n"]);
});

test("a log gets the first line every ten seconds, and all of the last state", () => {
  const written: string[] = [];
  const screen = logScreen({ write: (part) => written.push(part) });
  for (let second = 0; second < 25; second++) {
    screen.show(text(`step ${second}\ntable`));
    vi.advanceTimersByTime(1000);
  }
  screen.close();
  expect(written).toEqual(["step 0\n", "step 10\n", "step 20\n", "step 24\ntable\n"]);
});
