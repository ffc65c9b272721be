/** Names in a sentence: all of them where they are few, else the first four and how many more. */
export function listed(names: readonly string[]): string {
  return names.length <= 8 ? names.join(", ") : `${names.slice(0, 4).join(", ")} and ${names.length - 4} more`;
}
