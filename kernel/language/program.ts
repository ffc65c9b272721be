/** Runs the language service over the cells: one program whose only root is the text in question, which imports the cells. */

import { dirname, join } from "node:path";
import ts from "typescript";
import { isCommand, maskMagics } from "../shared/magics/find.ts";
import { fileVersion, npmSpecifier, placesFrom } from "../shared/modules.ts";
import { type CellDocument, Cells } from "./cells.ts";
import { compilerOptions, complainsOfAny, resolutionOptions } from "./compilerOptions.ts";
import { globalsText } from "./globals.ts";
import { SyntaxTrees } from "./syntaxTrees.ts";

/** The text in question, as a module. No cell is called so. */
const question = "In[?]";
const globalsName = "In[globals].d.ts";

interface Snapshot {
  readonly version: string;
  /** Whether it does not change on disk: cells, declaration files, packages. */
  readonly fixed: boolean;
  readonly snapshot: ts.IScriptSnapshot;
}

/** The cells of a notebook and a text in question, as TypeScript sees them. */
export class Program {
  readonly cells = new Cells();
  readonly service: ts.LanguageService;
  /** Whether values without types are worth a warning. */
  readonly complainsOfAny: boolean;
  readonly #folder: string;
  readonly #options: ts.CompilerOptions;
  readonly #files = new Map<string, Snapshot>();
  #resolutions: ts.ModuleResolutionCache;
  /** Folders of other files, and how names are resolved there. */
  readonly #own = new Map<string, ts.CompilerOptions>();
  #question: CellDocument = this.cells.question(question, "", []);
  #versions = 0;
  #world = 0;
  #hasBrowserTypes = false;
  /** Grows with every question: between two of them the service need not look at every file again. */
  #round = 0;

  constructor(folder: string) {
    this.#folder = folder;
    this.#options = compilerOptions(folder);
    this.complainsOfAny = complainsOfAny(folder);
    this.#resolutions = this.#newResolutions();
    this.#put(this.questionPath, this.#question.text);
    this.#put(join(folder, globalsName), globalsText);
    this.service = ts.createLanguageService(this.#host(), new SyntaxTrees());
  }

  /** Returns `code` without its magics: `!ls` is a command where no cell has made a variable `ls`. */
  masked(code: string): string {
    const isDefined = (name: string): boolean => this.cells.declares(name) || name in globalThis;
    return maskMagics(code, { isDefined, isCommand });
  }

  /** Returns a number that grows with whatever may change types, but for what cells say of the names they declare. */
  world(): number {
    for (const [path, { fixed, version }] of this.#files) {
      if (fixed || version === fileVersion(path)) continue;
      this.#files.delete(path); // to be read again where it is still imported
      this.#world++;
    }
    return this.#world + this.cells.reach;
  }

  /** Returns the path at which a cell lies for its imports. */
  pathOf(cell: string): string {
    return join(this.#folder, `${cell}.ts`);
  }

  add(name: string, code: string): void {
    this.cells.add(name, this.masked(code));
    const document = this.cells.get(name);
    if (document !== undefined) this.#put(this.pathOf(name), document.text);
  }

  remove(name: string): void {
    this.cells.remove(name);
    this.#files.delete(this.pathOf(name));
  }

  /** Makes `code` the text in question, behind all cells. Returns its document and path. */
  ask(code: string): { document: CellDocument; path: string } {
    const path = this.questionPath;
    this.#round++;
    this.#question = this.cells.question(question, this.masked(code), []);
    this.#put(path, this.#question.text);
    return { document: this.#question, path };
  }

  /** Makes a cell part of the program, whether later cells use it or not, and `code` the text in question. */
  hold(name: string, code: string): { document: CellDocument; path: string; asked: CellDocument } | undefined {
    const document = this.cells.get(name);
    if (document === undefined) return undefined;
    this.#round++;
    this.#question = this.cells.question(question, code, [name]);
    this.#put(this.questionPath, this.#question.text);
    return { document, path: this.pathOf(name), asked: this.#question };
  }

  /** The path of the text in question. */
  get questionPath(): string {
    return this.pathOf(question);
  }

  /** Returns the cell that a path stands for, the text in question included. */
  documentAt(path: string): CellDocument | undefined {
    if (path === this.questionPath) return this.#question;
    const name = /([^/\\]+)\.tsx?$/.exec(path)?.[1];
    return name === undefined || this.pathOf(name) !== path ? undefined : this.cells.get(name);
  }

  /** Makes what browsers have known from now on. Returns false where it was already. */
  addBrowserTypes(): boolean {
    if (this.#hasBrowserTypes) return false;
    this.#hasBrowserTypes = true;
    this.#world++;
    this.#round++;
    this.#put(join(this.#folder, globalsName), `/// <reference lib="dom" />\n${globalsText}`);
    return true;
  }

  /** Forgets which modules were not found: they may have been installed since. */
  forgetResolutions(): void {
    this.#resolutions = this.#newResolutions();
    this.#world++;
  }

  #put(path: string, text: string): void {
    const known = this.#files.get(path)?.snapshot;
    if (known !== undefined && known.getText(0, known.getLength()) === text) return;
    const version = `v${++this.#versions}`;
    this.#files.set(path, { version, fixed: true, snapshot: ts.ScriptSnapshot.fromString(text) });
  }

  /** Reads a file on disk once; a local file again when it has changed. */
  #read(path: string): Snapshot | undefined {
    const known = this.#files.get(path);
    if (known !== undefined && (known.fixed || known.version === fileVersion(path))) return known;
    const text = ts.sys.readFile(path);
    if (text === undefined) return undefined;
    const fixed = path.endsWith(".d.ts") || path.includes("/node_modules/");
    const file = { version: fixed ? "1" : fileVersion(path), fixed, snapshot: ts.ScriptSnapshot.fromString(text) };
    this.#files.set(path, file);
    return file;
  }

  #newResolutions(): ts.ModuleResolutionCache {
    return ts.createModuleResolutionCache(this.#folder, (path) => path, this.#options);
  }

  #resolve(specifier: string, from: string, mode: ts.ResolutionMode): ts.ResolvedModuleFull | undefined {
    if (specifier.startsWith("In[")) {
      return { resolvedFileName: this.pathOf(specifier), extension: ts.Extension.Ts, isExternalLibraryImport: false };
    }
    const name = specifier.startsWith("npm:") ? npmSpecifier(specifier).specifier : specifier;
    const look = (importer: string): ts.ResolvedModuleFull | undefined =>
      ts.resolveModuleName(name, importer, this.#options, ts.sys, this.#resolutions, undefined, mode).resolvedModule;
    const found = this.#resolveByOwn(name, from, mode) ?? look(from);
    if (found !== undefined || /^[./]/.test(name) || from.includes("/node_modules/")) return found;
    for (const place of placesFrom(dirname(from))) {
      const there = look(join(place, "notebook.ts"));
      if (there !== undefined) return there;
    }
    return undefined;
  }

  /** A file elsewhere, such as one of a linked package, may have a tsconfig.json of its own, with `paths` of its own. */
  #resolveByOwn(specifier: string, from: string, mode: ts.ResolutionMode): ts.ResolvedModuleFull | undefined {
    const folder = dirname(from);
    if (folder === this.#folder || /^[./]/.test(specifier) || from.includes("/node_modules/")) return undefined;
    const options = this.#own.get(folder) ?? resolutionOptions(folder);
    this.#own.set(folder, options);
    if (options.paths === undefined) return undefined;
    const own = { ...this.#options, ...options };
    return ts.resolveModuleName(specifier, from, own, ts.sys, undefined, undefined, mode).resolvedModule;
  }

  #host(): ts.LanguageServiceHost {
    const host: ts.LanguageServiceHost & { getModuleResolutionCache(): ts.ModuleResolutionCache } = {
      getCompilationSettings: () => this.#options,
      getProjectVersion: () => String(this.#round),
      getScriptFileNames: () => [join(this.#folder, globalsName), this.pathOf(question)],
      getScriptVersion: (path) => this.#read(path)?.version ?? "0",
      getScriptSnapshot: (path) => this.#read(path)?.snapshot,
      getCurrentDirectory: () => this.#folder,
      getDefaultLibFileName: ts.getDefaultLibFilePath,
      useCaseSensitiveFileNames: () => ts.sys.useCaseSensitiveFileNames,
      fileExists: (path) => this.#files.has(path) || ts.sys.fileExists(path),
      readFile: (path, encoding) => ts.sys.readFile(path, encoding),
      directoryExists: ts.sys.directoryExists,
      getDirectories: ts.sys.getDirectories,
      readDirectory: ts.sys.readDirectory,
      getModuleResolutionCache: () => this.#resolutions, // with it package.json files are read once, not per request
      resolveModuleNameLiterals: (literals, from, _redirected, options, file) =>
        literals.map((literal) => ({
          resolvedModule: this.#resolve(literal.text, from, ts.getModeForUsageLocation(file, literal, options)),
        })),
    };
    if (ts.sys.realpath !== undefined) host.realpath = ts.sys.realpath;
    return host;
  }
}

/** Names cells as a notebook does in what TypeScript says: `import("/folder/In[3]").Model` -> `In[3].Model`. */
export function plain(text: string): string {
  return text.replace(/import\("(?:[^"]*[\\/])?(In\[[\d.?]+\])"\)/g, "$1").replaceAll("In[?].", "");
}

/** Leaves out of a signature how its name reached the cell: `(alias)`, and the import or export it came by. */
export function readable(signature: string): string {
  const lines = plain(signature).split("\n");
  return lines
    .filter((line, index) => index === 0 || !/^(import|export) [\w$]+$/.test(line))
    .join("\n")
    .replace(/^\((?:alias|function)\) /, "");
}
