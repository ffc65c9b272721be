/** The model and the data that the benchmarks share: MiniLM, and rated movie-review snippets. */
import { sampleData, TextDataset } from "../src/index.ts";

/** A BERT of 6 layers x 384. */
export const miniLM = "sentence-transformers/all-MiniLM-L6-v2";

/** Reads the snippets. `clear` leaves out those rated within half a point of neutral. Default: all. */
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
