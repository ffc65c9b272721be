/** A plan as a picture, before it runs: which rates each stage trains at, over its epochs. */
import { formatCount } from "../display/numbers.ts";
import type { StageRecord } from "../history/history.ts";
import { Figure } from "./figure.ts";
import { stageBands } from "./stageBands.ts";
import { axis, baseLayout, palette, titled } from "./theme.ts";

/** Learning rates at one optimizer step, counted over the whole plan from 0; absent where that part does not train. */
export interface PlannedRate {
  readonly step: number;
  readonly head?: number;
  readonly layers?: number;
}

const [width, height] = [900, 380];
const margin = { l: 76, r: 110, b: 56 };

/** The rates on a logarithmic axis (a rate of 0 is left out), with the stages and their trainable parameters above. */
export function planFigure(stages: readonly StageRecord[], rates: readonly PlannedRate[]): Figure {
  const epochs = stages.reduce((sum, stage) => sum + stage.epochs, 0);
  const steps = stages.reduce((sum, stage) => sum + stage.steps, 0);
  const bands = stageBands(stages, Math.max(1, epochs), width - margin.l - margin.r, (stage) => {
    return `${stage.trains}: ${formatCount(stage.trainableParameters)} parameters`;
  });
  const curve = (key: "head" | "layers", color: string, dash: string) => {
    const known = rates.filter((rate) => (rate[key] ?? 0) > 0);
    const x = known.map(({ step }) => (step * epochs) / Math.max(1, steps));
    return {
      type: "scatter",
      mode: "lines",
      name: key,
      x,
      y: known.map((rate) => rate[key]),
      line: { color, dash, width: 2.2 },
    };
  };
  const layout = {
    ...baseLayout,
    width,
    height: height + bands.height,
    margin: { ...margin, t: 62 + bands.height },
    title: titled(
      "Plan",
      `${stages.length} stages, ${epochs} epochs, ${formatCount(steps)} steps`,
      height + bands.height,
    ),
    shapes: bands.shapes,
    annotations: bands.annotations,
    xaxis: axis({ title: { text: "epoch", font: { size: 12 }, standoff: 8 }, range: [0, Math.max(1, epochs) * 1.01] }),
    yaxis: axis({
      title: { text: "learning rate", font: { size: 12 }, standoff: 8 },
      type: "log",
      exponentformat: "e",
      dtick: 1,
    }),
    legend: { x: 1.015, xanchor: "left", y: 1, yanchor: "top", font: { size: 12 } },
  };
  const data = [curve("head", palette.sky, "dash"), curve("layers", palette.black, "solid")].filter(
    ({ x }) => x.length > 0,
  );
  const names = stages.map(({ name, firstEpoch }) => `${name} from epoch ${firstEpoch}`);
  return new Figure({ data, layout }, `Plan of ${epochs} epochs, ${formatCount(steps)} steps: ${names.join(", ")}`);
}
