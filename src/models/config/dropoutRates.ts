/** The dropout rates of a pass, where they are others than the config's. */
import type { DropoutRates, HuggingFaceConfig } from "./config.ts";

/** Returns a config that has these rates instead of its own, for one pass. A number stands for all three. */
export function withDropout(config: HuggingFaceConfig, dropout: number | DropoutRates): HuggingFaceConfig {
  const rates = typeof dropout === "number" ? { hidden: dropout, attention: dropout, classifier: dropout } : dropout;
  return {
    ...config,
    hiddenDropoutProb: rates.hidden ?? config.hiddenDropoutProb,
    attentionProbsDropoutProb: rates.attention ?? config.attentionProbsDropoutProb,
    classifierDropout: rates.classifier ?? config.classifierDropout,
    dropoutRates: rates,
  };
}

/** Returns a rate that a head has beside its main one: it stays off where the config has it off, else it is the pass's. */
export const furtherHeadRate = (own: number, { dropoutRates }: HuggingFaceConfig): number =>
  own === 0 ? 0 : (dropoutRates?.classifier ?? own);
