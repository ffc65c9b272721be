/** Figures as a measurement leaves them: two pairs of blocks of three steps, and a plan with two seeds. */
import type { Measured } from "../../../bench/training/figures.ts";

const none = { accuracies: [], flops: undefined };

export const step: Measured = {
  name: "w1-full",
  title: "MiniLM, full step",
  asked: 0.28,
  thaw: {
    ...none,
    blocks: [
      [20, 30, 25],
      [24, 26, 25],
    ],
    peakRssMb: 800,
    flops: 3e9,
  },
  torch: {
    ...none,
    blocks: [
      [100, 90, 110],
      [100, 130, 120],
    ],
    peakRssMb: 1000,
    flops: 3e9,
  },
};

export const plan: Measured = {
  name: "w3-plan",
  title: "MiniLM, 10-epoch progressive plan",
  asked: 0.25,
  thaw: { ...none, blocks: [[2000], [2200]], peakRssMb: 900, accuracies: [0.8, 0.82] },
  torch: { ...none, blocks: [[9000], [11000]], peakRssMb: 1200, accuracies: [0.79, 0.81] },
};
