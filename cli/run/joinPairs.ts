/**
 * `-p name value`, as papermill takes it, becomes `-p name=value`: commander's options take one word or all that follow,
 * and would take a value such as `-1` for an option.
 */
export function joinPairs(words: readonly string[]): string[] {
  const joined: string[] = [];
  for (let index = 0; index < words.length; index++) {
    const [word = "", name, value] = words.slice(index, index + 3);
    joined.push(word);
    if (!/^(-p|-r|--parameter|--raw)$/.test(word) || name === undefined || name.includes("=") || value === undefined)
      continue;
    joined.push(`${name}=${value}`);
    index += 2;
  }
  return joined;
}
