/**
 * Keeps syntax trees by path. TypeScript's own registry serves many projects, and asks 500 files 500 questions for that. Trees
 * of files are kept for the next program that needs them; those of cells, of which there are ever more, go with the last.
 */
import ts from "typescript";

/** The registry of syntax trees of one language service. */
export class SyntaxTrees implements ts.DocumentRegistry {
  readonly #trees = new Map<ts.Path, { readonly version: string; readonly tree: ts.SourceFile }>();

  acquireDocumentWithKey(
    fileName: string,
    path: ts.Path,
    _settings: unknown,
    _key: ts.DocumentRegistryBucketKey,
    snapshot: ts.IScriptSnapshot,
    version: string,
    kind?: ts.ScriptKind,
    options?: ts.CreateSourceFileOptions | ts.ScriptTarget,
  ): ts.SourceFile {
    const known = this.#trees.get(path);
    if (known?.version === version) return known.tree;
    const target = options ?? ts.ScriptTarget.ESNext;
    const tree =
      known === undefined
        ? ts.createLanguageServiceSourceFile(fileName, snapshot, target, version, false, kind)
        : ts.updateLanguageServiceSourceFile(known.tree, snapshot, version, undefined);
    this.#trees.set(path, { version, tree });
    return tree;
  }

  updateDocumentWithKey = this.acquireDocumentWithKey;

  acquireDocument(
    fileName: string,
    settings: ts.CompilerOptions | ts.MinimalResolutionCacheHost,
    snapshot: ts.IScriptSnapshot,
    version: string,
    kind?: ts.ScriptKind,
  ): ts.SourceFile {
    return this.acquireDocumentWithKey(
      fileName,
      fileName as ts.Path,
      settings,
      this.getKeyForCompilationSettings(),
      snapshot,
      version,
      kind,
    );
  }

  updateDocument = this.acquireDocument;

  getKeyForCompilationSettings(): ts.DocumentRegistryBucketKey {
    return "cells" as ts.DocumentRegistryBucketKey;
  }

  releaseDocument(fileName: string): void {
    this.releaseDocumentWithKey(fileName as ts.Path);
  }

  releaseDocumentWithKey(path: ts.Path): void {
    if (isCell(path)) this.#trees.delete(path);
  }

  reportStats(): string {
    return `${this.#trees.size} files`;
  }
}

/** Whether a path is that of a cell, `In[3].ts` in the notebook's folder; it may have been made lower case. */
function isCell(path: ts.Path): boolean {
  return /[\\/]in\[[\d.]+\]\.ts$/i.test(path);
}
