/** The rated texts that set-up fetches (vaderSentiment 3.3.2, MIT licence; Hutto and Gilbert 2014). */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ThawError } from "../errors.ts";
import { thawFolders } from "./thawFolder.ts";

const files = {
  "movie-reviews": "movieReviewSnippets_GroundTruth.txt",
  tweets: "tweets_GroundTruth.txt",
  "amazon-reviews": "amazonReviewSnippets_GroundTruth.txt",
  editorials: "nytEditorialSnippets_GroundTruth.txt",
} as const;

export type SampleName = keyof typeof files;

/**
 * Path of a sample file: tab-separated, no header; columns id, mean rating from -4 to 4, text.
 * Errors: `SAMPLE_DATA_MISSING`.
 */
export function sampleData(name: SampleName): string {
  const file = Object.hasOwn(files, name) ? files[name] : undefined;
  if (file === undefined) {
    throw new ThawError(
      "SAMPLE_DATA_MISSING",
      `There is no sample called ${JSON.stringify(name)}. There are: ${Object.keys(files).join(", ")}.`,
    );
  }
  const folders = thawFolders();
  const path = folders.map((folder) => join(folder, "data", file)).find(existsSync);
  if (path !== undefined) return path;
  const looked =
    folders.length === 0 ? "no folder .thaw here or above" : folders.map((f) => join(f, "data")).join(", ");
  throw new ThawError(
    "SAMPLE_DATA_MISSING",
    `Found no ${file} (looked in: ${looked}). Run npm start or npx thaw setup.`,
  );
}
