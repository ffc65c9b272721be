/** What TypeScript says, in the words of a notebook. */

/** `import("/folder/In[3]").Model` -> `In[3].Model` */
export function plain(text: string): string {
  return text.replace(/import\("(?:[^"]*[\\/])?(In\[[\d.?]+\])"\)/g, "$1").replaceAll("In[?].", "");
}

/** A signature without how its name reached the cell: `(alias)`, and the import or export it came by. */
export function readable(signature: string): string {
  const lines = plain(signature).split("\n");
  return lines
    .filter((line, index) => index === 0 || !/^(import|export) [\w$]+$/.test(line))
    .join("\n")
    .replace(/^\((?:alias|function)\) /, "");
}
