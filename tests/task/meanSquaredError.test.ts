import { meanSquaredError } from "../../src/task/meanSquaredError.ts";
import { testLoss } from "./goldenLosses.ts";

testLoss(meanSquaredError, "mean_squared_error", (output, target) => (output - target) ** 2);
