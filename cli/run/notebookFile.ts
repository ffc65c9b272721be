/** Writes an executed notebook to its file: whole or not at all, and never over what somebody has changed since. */
import { accessSync, constants, lstatSync, mkdirSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import { writeFileAtomic } from "../../src/platform/atomicFile.ts";
import { type FileState, stateOf } from "../../src/platform/files.ts";
import { checkTarget } from "../../src/platform/saveFolder.ts";
import { type Notebook, notebookText } from "./notebook.ts";
import { RunError } from "./runError.ts";

export class NotebookFile {
  /** The path that is written, as the user has named it, or one beside it where that file was changed meanwhile. */
  path: string;
  readonly #say: (text: string) => void;
  /** The file as it was found or written last; undefined where there was none. */
  #seen: FileState | undefined;

  private constructor(path: string, seen: FileState | undefined, say: (text: string) => void) {
    this.path = path;
    this.#seen = seen;
    this.#say = say;
  }

  /**
   * Looks whether a notebook can be written to `path`, before anything is run that would be lost otherwise. `say` gets
   * sentences for the user. Errors: `BAD_OUTPUT`.
   */
  static async open(path: string, say: (text: string) => void): Promise<NotebookFile> {
    try {
      const folder = checkTarget(dirname(resolve(path)));
      const found = statSync(path, { throwIfNoEntry: false });
      if (found === undefined && isLink(path)) throw new Error(`${path} is a link that leads nowhere`);
      if (found !== undefined && !found.isFile()) throw new Error(`${path} is no file`);
      if (found !== undefined) accessSync(path, constants.W_OK);
      if (found !== undefined && folder.exists)
        accessSync(dirname(realpathSync(path)), constants.W_OK | constants.X_OK);
    } catch (error) {
      const why = (error as Error).message.replace(/\.? Nothing was done\.$|\.$/, "");
      const advice = "Name another file with -o. Nothing was run.";
      throw new RunError("BAD_OUTPUT", `The executed notebook cannot be written: ${why}. ${advice}`, { cause: error });
    }
    return new NotebookFile(path, await stateOf(followed(path)), say);
  }

  /** Writes the notebook. A link to a file stays one, and the permissions of a file stay what they are. Errors: `WRITE_FAILED`. */
  async write(notebook: Notebook): Promise<void> {
    let place = followed(this.path);
    const found = await stateOf(place);
    if (found !== undefined && !isSame(found, this.#seen)) {
      const other = await this.#besides();
      this.#say(
        `${this.path} was changed by something else while the notebook ran: it is left as it is, and the executed notebook ` +
          `goes to ${other}.\n`,
      );
      this.path = other;
      place = other;
      this.#seen = undefined;
    }
    mkdirSync(dirname(place), { recursive: true });
    await writeFileAtomic(place, notebookText(notebook), { mode: this.#seen?.mode });
    this.#seen = await stateOf(place);
  }

  /** Finds a name beside the file that nothing has. */
  async #besides(): Promise<string> {
    const ending = extname(this.path);
    const stem = join(dirname(this.path), basename(this.path, ending));
    for (let number = 1; ; number++) {
      const path = `${stem}.executed${number === 1 ? "" : `-${number}`}${ending}`;
      if ((await stateOf(path)) === undefined) return path;
    }
  }
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}

/** Returns the path of the file behind a link. */
function followed(path: string): string {
  return isLink(path) ? realpathSync(path) : resolve(path);
}

function isSame(found: FileState, seen: FileState | undefined): boolean {
  return found.ino === seen?.ino && found.mtimeMs === seen.mtimeMs && found.bytes === seen.bytes;
}
