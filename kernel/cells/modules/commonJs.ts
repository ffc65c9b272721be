/**
 * CommonJS files of the notebook by Node's `require`: one that has changed is loaded again, with all that requires it.
 */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { fileVersion } from "../../shared/modules.ts";
import { fromCellArray } from "../realm/cellRealm.ts";

const kernelFolder = fileURLToPath(new URL("../../", import.meta.url));
const { cache } = createRequire(import.meta.url);

/** The CommonJS files of the notebook that Node has loaded. */
export class CommonJs {
  readonly #versions = new Map<string, string>();

  require(path: string): unknown {
    this.forgetChanged();
    try {
      return createRequire(path)(path);
    } finally {
      for (const loaded of ownFiles()) {
        if (!this.#versions.has(loaded)) this.#versions.set(loaded, fileVersion(loaded));
      }
    }
  }

  /** Returns an object that stands for what was loaded from `path`: another one when it is loaded again. */
  loaded(path: string): unknown {
    return cache[path];
  }

  forgetChanged(): void {
    const files = ownFiles();
    const changed = new Set(files.filter((path) => this.#hasChanged(path)));
    for (let before = 0; before < changed.size; ) {
      before = changed.size;
      for (const path of files) {
        if (fromCellArray(cache[path]?.children ?? []).some(({ filename }) => changed.has(filename))) changed.add(path);
      }
    }
    for (const path of changed) {
      delete cache[path];
      this.#versions.delete(path);
    }
  }

  /**
   * Forgets modules that V8 terminated while they were loading: they would be taken for loaded. To be called when
   * nothing runs.
   */
  forgetUnfinished(): void {
    for (const path of Object.keys(cache)) if (cache[path]?.loaded === false) delete cache[path];
  }

  #hasChanged(path: string): boolean {
    const known = this.#versions.get(path);
    return known !== undefined && known !== fileVersion(path);
  }
}

/** Returns the loaded files of the notebook. Packages and the kernel do not change while a notebook runs. */
function ownFiles(): string[] {
  return Object.keys(cache).filter((path) => !/[\\/]node_modules[\\/]/.test(path) && !path.startsWith(kernelFolder));
}
