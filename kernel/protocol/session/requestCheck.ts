/** Whether a request's content is what its type promises. Checked once, at the border; inside it is trusted. */
import type { Content } from "../wire/message.ts";

type Kind = "string" | "number" | "boolean" | "object";

/** Fields by type of request; those ending in `?` may be absent or null. */
const fields: Readonly<Record<string, Readonly<Record<string, Kind | `${Kind}?`>>>> = {
  execute_request: {
    code: "string",
    silent: "boolean?",
    store_history: "boolean?",
    user_expressions: "object?",
    allow_stdin: "boolean?",
    stop_on_error: "boolean?",
  },
  complete_request: { code: "string", cursor_pos: "number?" },
  inspect_request: { code: "string", cursor_pos: "number?", detail_level: "number?" },
  is_complete_request: { code: "string" },
  history_request: {
    hist_access_type: "string",
    output: "boolean?",
    raw: "boolean?",
    session: "number?",
    start: "number?",
    stop: "number?",
    n: "number?",
    pattern: "string?",
    unique: "boolean?",
  },
  comm_info_request: { target_name: "string?" },
  shutdown_request: { restart: "boolean?" },
  comm_open: { comm_id: "string", target_name: "string" },
  comm_msg: { comm_id: "string" },
  comm_close: { comm_id: "string" },
};

/** A sentence about the first field that is wrong, or undefined. Fields the protocol does not know are left alone. */
export function problemOf(type: string, content: Content): string | undefined {
  for (const [field, wanted] of Object.entries(fields[type] ?? {})) {
    const value = content[field];
    if (value === undefined || value === null) {
      if (wanted.endsWith("?")) continue;
      return `${type} lacks "${field}", which should be of type ${wanted}.`;
    }
    const kind = Array.isArray(value) ? "array" : typeof value;
    const right = wanted.replace("?", "");
    if (kind !== right) return `${type} has "${field}" of type ${kind}; it should be of type ${right}.`;
  }
  return undefined;
}
