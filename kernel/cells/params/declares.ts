/** Whether a cell declares a variable, told by its text alone; injected cells do not count. */
export function declares(text: string, name: string): boolean {
  if (/\bparams\.inject\s*\(/.test(text) || !text.includes(name)) return false;
  const words = text.matchAll(/(?:^|[;{}\n])\s*(?:export\s+)?(?:let|const|var)\s+([^=;]+)/g);
  return [...words].some(([, names = ""]) => names.split(/[^\w$]+/).includes(name));
}
