import { expect, test } from "vitest";
import type { DisplayBundle } from "../../shared/mimeBundle.ts";
import { LiveView } from "../../src/show/liveView.ts";
import type { TrainerEvent } from "../../src/train/events.ts";
import type { StageOutcome, StageRecord } from "../../src/train/runRecord.ts";
import { multiLabelRun, patientRun, regressionRun, progressiveRun as run } from "./sampleRun.ts";

const stages = run.stages.map(({ plan }) => plan);
const begin = { kind: "begin", stages, totalSteps: 1250, totalEpochs: 10, metric: run.metric } as const;

/** The events of the sample run: 0.1 s a step, 4 s an evaluation. */
function* events(tick: (seconds: number) => void): Generator<TrainerEvent> {
  yield begin;
  let step = 0;
  for (const [index, stage] of run.stages.entries()) {
    yield { kind: "stage", stage: index };
    if (index === 0) {
      tick(1.5);
      yield { kind: "prefix", done: 1000, total: 2000 };
    }
    for (const row of run.history.filter((candidate) => candidate.stage === index)) {
      for (let i = 0; i < stage.plan.steps / stage.plan.epochs; i++) {
        tick(0.1);
        step++;
        yield { kind: "step", step, epoch: step / 125, loss: row.loss ?? 0, stepLoss: row.loss ?? 0 };
      }
      tick(4);
      yield { kind: "evaluate", done: 500, total: 1000 };
      yield { kind: "epoch", row };
    }
    yield { kind: "stageEnd", stage: index, outcome: stage.outcome as StageOutcome };
  }
  yield { kind: "end", run };
}

function play(until: (event: TrainerEvent) => boolean) {
  let now = 100;
  const shown: DisplayBundle[] = [];
  const screen = { show: (bundle: DisplayBundle) => void shown.push(bundle), close: () => {} };
  const view = new LiveView({ clock: () => now, screen, intervalMs: 0 });
  for (const event of events((seconds) => (now += seconds))) {
    view.show(event);
    if (until(event)) break;
  }
  const { data } = shown.at(-1) ?? { data: {} };
  return { view, shown, html: String(data["text/html"]), text: String(data["text/plain"]) };
}

test("the bar counts steps, time, speed and epochs, and names what trains", () => {
  const { html, text } = play((event) => event.kind === "step" && event.step === 50);
  // 5 s + 1.5 s for the prefix; a full step is (0.1 + 1.5 / 375) / 0.12 = 0.8667 s; 32.5 s + 770 full steps are left
  expect(text).toContain("[ 50/1250 00:06 < 11:40, 10.00 it/s, epoch 0.4/10 ]");
  expect(text).toMatch(/^-{20} {3}4% /);
  expect(text).toContain("Stage 1 of 3, head: trains head (148,610 parameters), training loss 0.6600");
  expect(html).toContain('<progress aria-label="Training, step 50 of 1250" value="50" max="1250"');
  expect(html).toContain("[ 50/1250 00:06 &lt; 11:40, 10.00 it/s, epoch 0.4/10 ]");
});

test("the frozen prefix and evaluations have a bar of their own, which goes away again", () => {
  expect(play((event) => event.kind === "prefix").text).toContain(
    "[ 1000/2000 00:02 < 00:02, 666.67 it/s ] Running the frozen",
  );
  const evaluating = play((event) => event.kind === "evaluate");
  expect(evaluating.html).toContain('aria-label="Evaluating, text 500 of 1000"');
  expect(evaluating.text).toContain("[ 500/1000 00:04 < 00:04, 125.00 it/s ] Evaluating, text");
  expect(play((event) => event.kind === "epoch").text).not.toContain("Evaluating");
});

test("each epoch is a row as Hugging Face prints it, with its stage, and the best one stands out", () => {
  const { html, text } = play((event) => event.kind === "epoch" && event.row.epoch === 9);
  const lines = text.split("\n");
  expect(lines[1]?.trim().split(/ {2,}/)).toEqual([
    "Epoch",
    "Stage",
    "Training Loss",
    "Validation Loss",
    "Accuracy",
    "Macro F1",
    "Learning Rate",
    "Head Learning Rate",
    "Time",
  ]);
  expect(lines[3]).toMatch(/^ +head: frozen layers, once +1\.5 s$/);
  expect(lines[4]).toMatch(/^ +1 {2}head +0\.660000 +0\.610000 +0\.672000 +0\.670000 +0 → 1\.00e-3 → 7\.45e-4 +0:24$/);
  expect(lines.filter((line) => line.startsWith("*"))).toEqual([
    expect.stringMatching(/^\* +8 {2}everything.*0\.841000/),
  ]);
  expect(lines).toHaveLength(3 + 1 + 9);
  expect(html).toContain("<b>0.841000</b>");
});

test("the last state says that the run is over, and its result", () => {
  const { text, html } = play(() => false);
  expect(text).toMatch(
    /^#{20} 100% \[ 1250\/1250 04:50, epoch 10\/10 \] Training done: best validation accuracy 84.1% at epoch 8/,
  );
  expect(html.match(/<progress/g)).toHaveLength(1);
  expect(html).not.toContain("<svg"); // where a notebook is not trusted its words would stand alone
});

test("while it goes on there are curves, a row for each epoch to come, and as many lines at every step", () => {
  const rowsAt = (step: number) => {
    const { html, text } = play((event) => event.kind === "step" && event.step === step);
    expect(html.match(/<svg/g)).toHaveLength(3);
    expect(html.match(/<progress/g)).toHaveLength(2);
    expect(text).not.toContain("<svg");
    return html.match(/<tr/g)?.length;
  };
  expect([1, 130, 400, 1249].map(rowsAt)).toEqual(Array(4).fill(1 + 10 + 1)); // the head, the epochs, the pass through the frozen layers
});

test.each([
  ["several labels", multiLabelRun, "best validation micro F1 58.0% at epoch 2", "<b>0.580000</b>"],
  ["numbers", regressionRun, "best validation MSE 900.5 at epoch 2", "<b>900.5000</b>"],
])("the metric of %s chooses the row that stands out while it runs, and the result", (_, taskRun, result, cell) => {
  const shown: DisplayBundle[] = [];
  const view = new LiveView({ screen: { show: (bundle) => void shown.push(bundle), close: () => {} }, intervalMs: 0 });
  const { history, metric } = taskRun;
  view.show({ ...begin, stages: taskRun.stages.map(({ plan }) => plan), totalSteps: 60, totalEpochs: 3, metric });
  for (const row of history) view.show({ kind: "epoch", row });
  expect(String(shown.at(-1)?.data["text/html"])).toContain(cell);
  expect(String(shown.at(-1)?.data["text/plain"])).toMatch(/^\* +2 /m);
  view.show({ kind: "end", run: taskRun });
  expect(String(shown.at(-1)?.data["text/plain"])).toContain(`Training done: ${result}`);
});

test("a run that was stopped keeps its rows and says so", () => {
  const { view, shown } = play((event) => event.kind === "step" && event.step === 305);
  view.close({ state: "stopped", stage: 0, during: "training", step: 305, epoch: 2.44, reason: "Interrupted" });
  const text = String(shown.at(-1)?.data["text/plain"]);
  expect(text).toContain("[ 305/1250 00:40, epoch 2.44/10, stopped ]");
  expect(text.split("\n")).toHaveLength(3 + 1 + 2);
});

test("a run that failed says by which error", () => {
  const { view, shown } = play((event) => event.kind === "step" && event.step === 305);
  view.close({ state: "failed", stage: 0, during: "training", step: 305, epoch: 2.44, code: "NON_FINITE" });
  expect(String(shown.at(-1)?.data["text/plain"])).toContain("epoch 2.44/10, failed: NON_FINITE ]");
});

test("a stage that patience ended leaves a full bar, and says so in words", () => {
  const shown: DisplayBundle[] = [];
  const view = new LiveView({ screen: { show: (bundle) => void shown.push(bundle), close: () => {} }, intervalMs: 0 });
  const text = () => String(shown.at(-1)?.data["text/plain"]);
  const [head, all] = patientRun.stages as [StageRecord, StageRecord];
  view.show({ ...begin, stages: [head.plan, all.plan], totalSteps: 1375, totalEpochs: 11 });
  view.show({ kind: "stage", stage: 0 });
  for (const row of patientRun.history.slice(0, 3)) {
    view.show({ kind: "step", step: row.step, epoch: row.epoch, loss: 0.5, stepLoss: 0.5 });
    view.show({ kind: "epoch", row });
  }
  expect(text()).toContain("375/1375");
  view.show({ kind: "stageEnd", stage: 0, outcome: head.outcome as StageOutcome });
  expect(text()).toContain("375/500"); // what was left out is no longer to come
  expect(text()).toContain('patience 2 ended stage "head" after 3 of 10 epochs');
  view.show({ kind: "stage", stage: 1 });
  view.show({ kind: "step", step: 500, epoch: 4, loss: 0.4, stepLoss: 0.4 });
  view.show({ kind: "stageEnd", stage: 1, outcome: all.outcome as StageOutcome });
  view.show({ kind: "end", run: patientRun });
  expect(text()).toMatch(
    /^#{20} 100% \[ 500\/500 .*epoch 4\/4 \] Training done: best .* at epoch 4; patience 2 ended stage "head" after 3 of 10 epochs/,
  );
});

test("a metric that is not defined is said to be so, with the loss that chose in its place", () => {
  const shown: DisplayBundle[] = [];
  const view = new LiveView({ screen: { show: (bundle) => void shown.push(bundle), close: () => {} }, intervalMs: 0 });
  view.show(begin);
  const metric = { key: "evalPearson", greaterIsBetter: true } as const;
  view.show({ kind: "end", run: { ...run, metric, best: { epoch: 2, step: 250, evalLoss: 0.25 } } });
  expect(String(shown.at(-1)?.data["text/plain"])).toContain(
    "Training done: validation Pearson not defined; lowest validation loss 0.2500 at epoch 2",
  );
});

test("a notice stays in view until the end", () => {
  const shown: DisplayBundle[] = [];
  const view = new LiveView({ screen: { show: (bundle) => void shown.push(bundle), close: () => {} }, intervalMs: 0 });
  view.show(begin);
  view.show({ kind: "notice", notice: "The disk took no more <of it>." });
  view.show({ kind: "end", run });
  expect(String(shown.at(-1)?.data["text/plain"])).toMatch(/The disk took no more <of it>\.$/);
  expect(String(shown.at(-1)?.data["text/html"])).toContain("The disk took no more &lt;of it&gt;.");
});

test("names from users are shown as text", () => {
  const shown: DisplayBundle[] = [];
  const view = new LiveView({ screen: { show: (bundle) => void shown.push(bundle), close: () => {} }, intervalMs: 0 });
  view.show({ ...begin, stages: stages.map((stage) => ({ ...stage, name: "<script>x</script>" })) });
  for (const row of run.history) view.show({ kind: "epoch", row });
  expect(String(shown.at(-1)?.data["text/html"])).not.toContain("<script");
  expect(String(shown.at(-1)?.data["text/html"])).toContain("&lt;script&gt;x&lt;/script&gt;");
});

test("a step costs less than a millisecond", () => {
  let redraws = 0;
  const view = new LiveView({ screen: { show: () => void redraws++, close: () => {} } });
  const before = performance.now();
  let steps = 0;
  for (let i = 0; i < 5; i++) {
    for (const event of events(() => {})) {
      if (event.kind === "end") break;
      view.show(event);
      steps++;
    }
  }
  const each = (performance.now() - before) / steps;
  view.close();
  expect(each).toBeLessThan(1);
  expect(redraws).toBeLessThan(steps / 10);
});

test("a run that goes on begins at its checkpoint, with its rows, and says where it was saved last", () => {
  let now = 0;
  const shown: DisplayBundle[] = [];
  const screen = { show: (bundle: DisplayBundle) => void shown.push(bundle), close: () => {} };
  const view = new LiveView({ clock: () => now, screen, intervalMs: 0 });
  const text = () => String(shown.at(-1)?.data["text/plain"]);
  const history = run.history.slice(0, 2);
  view.show(begin);
  view.show({
    kind: "resume",
    folder: "runs/x/checkpoint-300",
    step: 300,
    epoch: 2.4,
    stage: 0,
    stageSteps: 300,
    history,
  });
  view.show({ kind: "stage", stage: 0 });
  expect(text()).toContain("[ 300/1250 00:00");
  expect(text()).toContain("epoch 2.4/10, saved at step 300 ]");
  expect(text()).toContain("0.660");
  for (let step = 301; step <= 310; step++) {
    now += 0.1;
    view.show({ kind: "step", step, epoch: step / 125, loss: 0.5, stepLoss: 0.5 });
  }
  // 65 steps of the stage are left at 0.1 s; of the others as many seconds as when nothing had been saved
  const left = /< (\d+):(\d+)/.exec(text());
  expect(Number(left?.[1]) * 60 + Number(left?.[2])).toBeGreaterThan(6);
  expect(text()).toMatch(/^####-+ +24% /);
  view.show({ kind: "save", folder: "runs/x/checkpoint-310", step: 310 });
  expect(text()).toContain("saved at step 310");
});
