/** Looking at values that may do anything when they are looked at. */
import { KernelInterrupt } from "../interrupt/kernelInterrupt.ts";

/** What `look` returns, or what `otherwise` makes of the error it throws. An interrupt is thrown on: the cell is to stop. */
export function attempt<T>(look: () => T, otherwise: (error: unknown) => T): T {
  try {
    return look();
  } catch (error) {
    if (KernelInterrupt.is(error)) throw error;
    return otherwise(error);
  }
}
