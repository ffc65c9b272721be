/**
 * The folder `.thaw/` of a clone, or of the project Thaw is installed in, where set-up keeps the model and the sample
 * data: rated texts (vaderSentiment 3.3.2, MIT licence; Hutto and Gilbert 2014).
 */
import { ThawError } from "../errors.ts";
import { dirname, existsSync, homedir, join } from "../platform/files.ts";

/**
 * Finds the folders `.thaw`, first choice first: THAW_HOME alone, or those beside any parent of the working folder or
 * of this file, or in the home folder, where the set-up of a global installation puts it.
 */
export function thawFolders(): string[] {
  const home = process.env.THAW_HOME;
  if (home !== undefined && home !== "") return [home];
  const parents = [...parentsOf(process.cwd()), ...parentsOf(import.meta.dirname), homedir()];
  return [...new Set(parents.map((parent) => join(parent, ".thaw")))].filter(existsSync);
}

function parentsOf(folder: string): string[] {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...parentsOf(parent)];
}

/** The names of the sample data sets. */
export type SampleName = "movie-reviews" | "tweets" | "amazon-reviews" | "editorials";

const files: Readonly<Record<SampleName, string>> = {
  "movie-reviews": "movieReviewSnippets_GroundTruth.txt",
  tweets: "tweets_GroundTruth.txt",
  "amazon-reviews": "amazonReviewSnippets_GroundTruth.txt",
  editorials: "nytEditorialSnippets_GroundTruth.txt",
};

/**
 * Finds a sample data set that set-up has fetched and returns the path of its file: tab-separated, without a header,
 * with the columns id, mean rating from -4 to 4, and text. Errors: `SAMPLE_DATA_MISSING`.
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
