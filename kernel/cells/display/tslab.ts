/** `import "tslab"`: its display API, wired to this kernel. tslab asks one function, kept in its `jupyter` module, to show things. */
import { createRequire } from "node:module";
import type { Host } from "./host.ts";

interface TslabJupyter {
  lastWriteDisplayData: ((content: TslabDisplay, update: boolean) => void) | null;
}

interface TslabDisplay {
  readonly data: Record<string, unknown>;
  readonly metadata: Record<string, unknown>;
  readonly transient: { readonly display_id?: string };
}

/** To be called when tslab has been loaded from `folder`; a tslab found elsewhere is wired too. */
export function wireTslab(host: Host, folder: string): void {
  for (const base of [`${folder}/notebook`, import.meta.url]) {
    try {
      const jupyter = createRequire(base)("tslab/dist/jupyter") as TslabJupyter;
      jupyter.lastWriteDisplayData = ({ data, metadata, transient }, update) => {
        const name = transient.display_id === undefined ? {} : { displayId: transient.display_id };
        host.display({ data, metadata }, { ...name, update });
      };
    } catch {
      // not installed there
    }
  }
}
