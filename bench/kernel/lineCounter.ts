/** Follows the text `line 0\nline 1\n...` as it arrives in pieces, without keeping it. */
export class LineCounter {
  /** Complete lines seen. */
  count = 0;
  /** Whether each was the one that had to come. */
  inOrder = true;
  #rest = "";

  take(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line !== `line ${this.count}`) this.inOrder = false;
      this.count++;
    }
  }
}
