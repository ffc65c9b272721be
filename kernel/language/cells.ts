/**
 * The cells as TypeScript modules. Each begins with a header that takes over what it uses from earlier cells, the newest
 * declaration of a name first, and ends with the export of all it declares. So a name may be declared again, older cells
 * keep what they saw, and a variable of an earlier cell can be assigned:
 *
 *     declare let rate: typeof import("In[1]").rate; import { step } from "In[2]";
 */
import { type Declared, type Manner, outline } from "./declarations.ts";

/** A text as the language service sees it. */
export interface CellDocument {
  /** What cells import it as: `In[3]`. */
  readonly name: string;
  /** The cell's own text. */
  readonly code: string;
  /** Header, code and exports. */
  readonly text: string;
  /** Where the code begins in the text, in UTF-16 units. */
  readonly offset: number;
  /** Names the header takes over. */
  readonly outer: ReadonlySet<string>;
  /** Names it gives a value. */
  readonly values: readonly string[];
}

/** The cell that declares a name now. */
interface Source {
  readonly cell: string;
  readonly value: Manner | undefined;
  readonly type: boolean;
}

/** What has to be at the very top of a file to count. */
const pragma = /^\s*(?:\/\/\/.*|\/\*\*?\s*@jsx[\s\S]*?\*\/)[ \t]*\n?/;

export class Cells {
  readonly #documents = new Map<string, CellDocument>();
  #scope = new Map<string, Source>();
  readonly #ambient = new Set<string>();
  readonly #before = new Map<string, Map<string, Source>>();
  #reach = 0;

  get(name: string): CellDocument | undefined {
    return this.#documents.get(name);
  }

  /** Whether a cell has declared `name`. */
  declares(name: string): boolean {
    return this.#scope.has(name);
  }

  /** The cell that declares `name` now. */
  declaring(name: string): CellDocument | undefined {
    return this.#documents.get(this.#scope.get(name)?.cell ?? "");
  }

  /** Grows with every cell that may change more than what it declares: by a module it brings in, by `declare global`. */
  get reach(): number {
    return this.#reach;
  }

  /** Adds a cell behind all others. A text that does not parse declares nothing, since it is not run. */
  add(name: string, code: string): void {
    const { declared, mentioned, ambient, reaching, broken } = outline(code, `${name}.ts`);
    if (broken) return;
    const scope = new Map(this.#scope);
    const document = this.#compose(name, code, declared, mentioned);
    for (const [word, { value, type }] of declared) {
      const older = this.#scope.get(word);
      const keepsValue = value === undefined && older?.value !== undefined;
      const keepsType = !type && older?.type === true && older.value === undefined;
      const both = keepsValue || keepsType;
      scope.set(word, { cell: name, value: both ? "import" : value, type: type || keepsType });
    }
    this.#before.clear();
    this.#before.set(name, this.#scope); // the last cell may be taken back
    this.#scope = scope;
    if (reaching || this.#documents.has(name)) this.#reach++;
    this.#documents.set(name, document);
    if (ambient) this.#ambient.add(name);
  }

  /** Takes the last cell back. */
  remove(name: string): void {
    const scope = this.#before.get(name);
    if (scope !== undefined) this.#scope = scope;
    this.#ambient.delete(name);
    this.#documents.delete(name);
    this.#reach++;
  }

  /** A text behind all cells, which sees every name of theirs. `kept` are cells that must be part of the program too. */
  question(name: string, code: string, kept: Iterable<string>): CellDocument {
    const { declared } = outline(code, `${name}.ts`);
    return this.#compose(name, code, declared, new Set(this.#scope.keys()), kept);
  }

  #compose(
    name: string,
    code: string,
    declared: ReadonlyMap<string, Declared>,
    mentioned: ReadonlySet<string>,
    kept: Iterable<string> = [],
  ): CellDocument {
    const imports = new Map<string, string[]>([...this.#ambient, ...kept].map((cell) => [cell, []]));
    const declarations: string[] = [];
    const outer = new Set<string>();
    for (const [word, source] of this.#scope) {
      const own = declared.get(word);
      // a name that is declared anew as a type still has its older value, and the other way round
      if (!mentioned.has(word) && own === undefined) continue;
      const wantsValue = source.value !== undefined && own?.value === undefined;
      const wantsType = source.type && own?.type !== true;
      if (own !== undefined && wantsType && source.value !== undefined) continue;
      if (!wantsValue && !wantsType) continue;
      outer.add(word);
      if (wantsValue && (source.value !== "import" || own !== undefined)) {
        const kind = source.value === "let" ? "let" : "const";
        declarations.push(`declare ${kind} ${word}: typeof import(${JSON.stringify(source.cell)}).${word};`);
      } else {
        const words = imports.get(source.cell) ?? [];
        imports.set(source.cell, words);
        words.push(own === undefined ? word : `type ${word}`);
      }
    }
    for (const [cell, words] of imports)
      declarations.push(`import { ${words.join(", ")} } from ${JSON.stringify(cell)};`);
    const head = topOf(code);
    const header = `${head}${[...declarations, "export {};"].join(" ")}\n`;
    const exported = [...declared].filter(([, own]) => !own.exported).map(([word]) => word);
    const text = `${header}${code}\n;export { ${exported.join(", ")} };`;
    const values = [...declared].filter(([, own]) => own.value !== undefined).map(([word]) => word);
    return { name, code, text, offset: header.length, outer, values };
  }
}

/** Reference comments and JSX pragmas at the start of a cell, to be repeated at the start of its file. */
function topOf(code: string): string {
  let rest = code;
  for (let match = pragma.exec(rest); match !== null; match = pragma.exec(rest)) rest = rest.slice(match[0].length);
  const top = code.slice(0, code.length - rest.length);
  return top === "" ? "" : `${top.trimEnd()}\n`;
}
