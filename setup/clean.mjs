/** Removes dist/ before a package is made of it: a compiler leaves there what earlier sources became. */
import { rmSync } from "node:fs";
import { createContext } from "./context.mjs";

rmSync(createContext().paths.dist, { recursive: true, force: true });
