/** `Deno.jupyter` for notebooks written for Deno's kernel. Cells find it without there being a global `Deno`. */

import { readFileSync } from "node:fs";
import { inspect, types } from "node:util";
import { displaySymbol } from "../../../shared/mimeBundle.ts";
import type { CommReport } from "../../shared/messages.ts";
import { currentCell } from "../asyncContext/currentCell.ts";
import type { ToBundle } from "../display/mimeBundle.ts";
import { sendableBundle } from "../display/mimeData.ts";
import { imageType } from "../display/pictures.ts";
import type { Reporter } from "../output/reporter.ts";
import { asCellObject, asCellPromise } from "../realm/cellRealm.ts";
import { type CommOptions, commContent } from "./comms.ts";
import type { Displays, ShowOptions } from "./displays.ts";

const $display = displaySymbol;

/** The display options under the names that Deno has for them. */
interface DenoDisplayOptions {
  readonly raw?: boolean;
  readonly update?: boolean;
  readonly display_id?: string;
}

const comms = ["comm_open", "comm_msg", "comm_close"] as const;

/** Creates the object `Deno` of cells, for code that uses `Deno.jupyter`. */
export function createDeno(displays: Displays, toBundle: ToBundle, reporter: Reporter) {
  const jupyter = {
    $display,
    md: tag("text/markdown"),
    html: tag("text/html"),
    svg: tag("image/svg+xml"),
    image,
    format(value: unknown): Promise<object> {
      return asCellPromise(formatted(value));
    },
    /** Shows `value`; resolves when it is shown. */
    display(value: unknown, { raw = false, update = false, display_id }: DenoDisplayOptions = {}): Promise<void> {
      return asCellPromise(
        shown(value, { raw, update, ...(display_id === undefined ? {} : { displayId: display_id }) }),
      );
    },
    /** Sends a message of the protocol: about the running cell's output, or on a comm. */
    broadcast(type: string, content: Record<string, unknown>, extra: CommOptions = {}): Promise<void> {
      return asCellPromise(broadcast(type, content, extra));
    },
  };
  return { jupyter };

  async function shown(value: unknown, options: ShowOptions): Promise<void> {
    await displays.put(value, options);
  }

  async function formatted(value: unknown): Promise<object> {
    return asCellObject({ ...(await toBundle(value)).data });
  }

  async function broadcast(type: string, content: Record<string, unknown>, extra: CommOptions): Promise<void> {
    if (type === "stream" && (content.name === "stdout" || content.name === "stderr")) {
      reporter.stream(content.name, String(content.text));
    } else if (type === "clear_output") {
      reporter.output(type, { wait: content.wait === true });
    } else if (type === "display_data" || type === "update_display_data") {
      const { data = {}, metadata, transient } = content;
      const id = (transient as { display_id?: string } | undefined)?.display_id;
      const options = { update: type === "update_display_data", ...(id === undefined ? {} : { displayId: id }) };
      reporter.display(sendableBundle({ data, metadata }), options);
    } else if (isComm(type)) {
      reporter.post(commReport(type, content, extra));
    } else {
      const known = ["display_data", "update_display_data", "clear_output", ...comms, "stream"].join(", ");
      throw Object.assign(new TypeError(`Deno.jupyter.broadcast sends ${known} in this kernel, got "${type}".`), {
        code: "UNKNOWN_BROADCAST",
      });
    }
  }
}

function isComm(type: string): type is CommReport["kind"] {
  return comms.some((kind) => kind === type);
}

function commReport(kind: CommReport["kind"], content: Record<string, unknown>, options: CommOptions): CommReport {
  return {
    type: "comm",
    cell: currentCell(),
    kind,
    id: String(content.comm_id),
    target: String(content.target_name ?? ""),
    ...commContent(kind, String(content.comm_id), String(content.target_name ?? ""), content.data, options),
  };
}

/** Creates a template's tag. Like Deno's, it takes what is put in as markup; as text the value is its source. */
function tag(type: string) {
  return (strings: TemplateStringsArray, ...values: unknown[]): object => {
    const source = String.raw({ raw: strings }, ...values.map((value) => (value === undefined ? "" : value)));
    return displayable(type, source, source);
  };
}

/** Creates a displayable PNG, JPEG, GIF or WebP picture from its bytes or its path. */
function image(from: string | Uint8Array): object {
  const bytes = typeof from === "string" ? readFileSync(from) : from;
  const type = types.isUint8Array(bytes) ? imageType(bytes) : undefined;
  if (type === undefined || type === "image/svg+xml") {
    const message =
      "Deno.jupyter.image takes the path or the bytes of a PNG, JPEG, GIF or WebP picture; what it got is none.";
    throw Object.assign(new TypeError(message), { code: "NO_IMAGE" });
  }
  return displayable(type, Buffer.from(bytes).toString("base64"), `${type}, ${bytes.length} bytes`);
}

function displayable(type: string, content: string, text: string): object {
  const form = { [$display]: () => ({ [type]: content }), [inspect.custom]: () => text };
  for (const key of Reflect.ownKeys(form)) Object.defineProperty(form, key, { enumerable: false });
  return form;
}
