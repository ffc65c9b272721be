/** `params({ epochs: 3 })` in a notebook: its parameters with their defaults, replaced by what a run was given. */

import { closest } from "../../../shared/closest.ts";
import { given } from "../cellRealm.ts";
import { converted } from "./convert.ts";
import { ParameterError } from "./parameterError.ts";
import { type ParameterRow, parameterTable } from "./table.ts";

/** What cells have as `params`. */
export interface Params {
  /**
   * The defaults, with what the run was given in their place. Each value has its default's type: `"3"` from a command
   * line becomes a number where the default is one, `"three"` is refused. As a cell's last expression it shows a table.
   */
  <Values extends Record<string, unknown>>(defaults: Values): Values;
  /** What papermill and `thaw run` call in the cell that they inject. */
  inject(values: Readonly<Record<string, unknown>>): void;
}

/** `isDeclared` says of a name whether a cell declares it: then it is a parameter without `params()` knowing it. */
export function createParams(isDeclared: (name: string) => boolean): Params {
  const injected = new Map<string, unknown>();
  const params = <Values extends Record<string, unknown>>(defaults: Values): Values => {
    if (typeof defaults !== "object" || defaults === null || Array.isArray(defaults)) {
      throw new ParameterError(
        "BAD_DEFAULTS",
        `params() takes the defaults, such as params({ epochs: 3 }), got ${String(defaults)}.`,
      );
    }
    refuseUnknown(Object.keys(defaults));
    const rows: ParameterRow[] = Object.entries(defaults).map(([name, value]) =>
      injected.has(name)
        ? { name, value: converted(name, injected.get(name), value), from: "run" }
        : { name, value, from: "default" },
    );
    const values = Object.fromEntries(rows.map(({ name, value }) => [name, value]));
    const show = (): Record<string, string> => parameterTable(rows);
    return Object.defineProperty(given(values), Symbol.for("Jupyter.display"), { value: show }) as Values;
  };
  const inject = (values: Readonly<Record<string, unknown>>): void => {
    for (const [name, value] of Object.entries(values)) injected.set(name, value);
  };
  return Object.assign(params, { inject });

  function refuseUnknown(known: readonly string[]): void {
    for (const name of injected.keys()) {
      if (known.includes(name) || isDeclared(name)) continue;
      const close = closest(name, known);
      throw new ParameterError(
        "UNKNOWN_PARAMETER",
        `This notebook has no parameter "${name}". ${close === undefined ? "" : `Did you mean "${close}"? `}` +
          `It has ${known.length === 0 ? "none" : known.join(", ")}.`,
      );
    }
  }
}
