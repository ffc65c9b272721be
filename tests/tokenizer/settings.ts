/** Folders of tokenizers under many settings, and what transformers makes of them (tests/golden/make_tokenizer_settings.py). */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { golden, goldenPath } from "../golden/read.ts";

/** Of a pair of arrays, each row as numbers with spaces between. */
export interface GoldenRows {
  readonly ids: readonly string[];
  readonly types: readonly string[];
}
export interface Refused {
  readonly refused: string;
}
export const isRefused = (value: unknown): value is Refused =>
  typeof value === "object" && value !== null && "refused" in value;

export interface GoldenSetting {
  readonly class: string;
  /** Of truncation and of padding. */
  readonly sides: string;
  readonly padTokenId: number | null;
  readonly modelMaxLength: number | null;
  readonly singles: readonly string[];
  readonly pairs: GoldenRows;
  readonly cut: readonly string[];
  readonly cutPairs: GoldenRows;
  readonly onlyFirst: readonly (string | Refused)[];
  readonly onlySecond: readonly (string | Refused)[];
  readonly padded: (GoldenRows & { readonly mask: readonly string[] }) | Refused;
  readonly decoded: readonly string[];
  /** `[texts and pairs][labels]` */
  readonly logits: readonly (readonly number[] | Refused)[];
}

type Files = Readonly<Record<string, "__absent__" | Readonly<Record<string, unknown>>>>;
export interface SettingCase {
  readonly family: string;
  readonly setting: string;
  readonly files: Files;
  /** What Python gives, or that it refuses the folder or its first texts. */
  readonly expected: GoldenSetting | Refused;
}

interface GoldenFile {
  readonly texts: readonly string[];
  readonly pairs: readonly (readonly [string, string])[];
  readonly cut: number;
  readonly values: readonly unknown[];
}
const { made_with: _, classes: __, ...file } = golden<GoldenFile & Record<string, unknown>>("tokenizer_settings.json");
export const { texts, pairs, cut, values, ...families } = file;

export const settingFamilies: readonly string[] = Object.keys(families);

export const settingCases: readonly SettingCase[] = Object.entries(families).flatMap(([family, settings]) =>
  Object.entries(settings as Record<string, Record<string, unknown>>).map(([setting, { files, ...places }]) => ({
    family,
    setting,
    files: files as Files,
    expected: Object.fromEntries(
      Object.entries(places).map(([key, place]) => [key, values[place as number]]),
    ) as unknown as GoldenSetting,
  })),
);

/** The folder of a case, below a temporary one that the test removes. */
export function folderOf({ family, files }: Pick<SettingCase, "family" | "files">, root: string): string {
  const folder = mkdtempSync(join(root, `${family}-`));
  cpSync(goldenPath(`tokenizer-settings/${family}`), folder, { recursive: true });
  for (const [name, changes] of Object.entries(files)) {
    const path = join(folder, name);
    if (changes === "__absent__") rmSync(path);
    else
      writeFileSync(
        path,
        JSON.stringify(changed(existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {}, changes)),
      );
  }
  return folder;
}

/** `model` of tokenizer.json is changed key by key, all else is replaced. */
function changed(
  content: Record<string, unknown>,
  changes: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const merged = Object.entries({ ...content, ...changes }).map(([key, value]) => [
    key,
    key === "model" && changes.model !== undefined ? { ...(content.model as object), ...(value as object) } : value,
  ]);
  return Object.fromEntries(merged.filter(([, value]) => value !== "__absent__"));
}

export const scratchFolder = (): string => mkdtempSync(join(tmpdir(), "thaw-settings-"));
