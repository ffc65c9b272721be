import { binaryCrossEntropy } from "../../src/task/binaryCrossEntropy.ts";
import { testLoss } from "./goldenLosses.ts";

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

testLoss(
  binaryCrossEntropy,
  "binary_cross_entropy",
  (logit, label) => -(label * Math.log(sigmoid(logit)) + (1 - label) * Math.log(sigmoid(-logit))),
);
