/** An error of installing with a stable `code`. */
export function installProblem(code: string, message: string): Error & { readonly code: string } {
  return Object.assign(new Error(message), { code });
}
