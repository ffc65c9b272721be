/** The rated review snippets as the benchmarks read them. */
import { sampleData, TextDataset } from "../src/index.ts";

/** `clear`: without those rated within half a point of neutral. Default: all. */
export const readReviews = (which: "all" | "clear" = "all"): Promise<TextDataset> =>
  TextDataset.fromTsv(sampleData("movie-reviews"), {
    columns: ["id", "rating", "text"],
    quote: false,
    labels: ["negative", "positive"],
    label: ({ rating }) => {
      if (which === "clear" && Math.abs(Number(rating)) <= 0.5) return undefined;
      return Number(rating) > 0 ? "positive" : "negative";
    },
  });
