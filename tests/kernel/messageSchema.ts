/** What each message of the kernel must look like: messaging 5.3, as `jupyter_kernel_test`'s `msgspec_v5.py` checks it. */
import type { Content, Message } from "../../kernel/protocol/wire/message.ts";

type Check = (value: unknown) => boolean;

const string: Check = (value) => typeof value === "string";
const number: Check = (value) => typeof value === "number";
const boolean: Check = (value) => typeof value === "boolean";
const object: Check = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const oneOf =
  (...values: unknown[]): Check =>
  (value) =>
    values.includes(value);
const bundle: Check = (value) =>
  object(value) && Object.keys(value as object).every((key) => /^[\w\-+.]+\/[\w\-+.]+$/.test(key));
/** Every output has a text, for whoever cannot show more: a terminal, a search, a reader for the blind. */
const output: Check = (value) => bundle(value) && string((value as Content)["text/plain"]);
const row: Check = (value) => Array.isArray(value) && value.length === 3;
const date = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

/** Fields of each type's content; those ending in `?` may be absent. */
const contents: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  execute_reply: { execution_count: number, "payload?": listOf(object), "user_expressions?": object },
  inspect_reply: { found: boolean, data: object, metadata: object },
  complete_reply: { matches: listOf(string), cursor_start: number, cursor_end: number, metadata: object },
  history_reply: { history: listOf(row) },
  is_complete_reply: { status: oneOf("complete", "incomplete", "invalid", "unknown"), "indent?": string },
  connect_reply: { shell_port: number, iopub_port: number, stdin_port: number, hb_port: number, control_port: number },
  comm_info_reply: { comms: object },
  kernel_info_reply: {
    protocol_version: string,
    implementation: string,
    implementation_version: string,
    language_info: object,
    banner: string,
    help_links: listOf(object),
  },
  shutdown_reply: { restart: boolean },
  interrupt_reply: {},
  stream: { name: oneOf("stdout", "stderr"), text: string },
  display_data: { data: output, metadata: object, "transient?": object },
  update_display_data: { data: output, metadata: object, transient: object },
  execute_result: { execution_count: number, data: output, metadata: object, "transient?": object },
  clear_output: { wait: boolean },
  execute_input: { code: string, execution_count: number },
  error: { ename: string, evalue: string, traceback: listOf(string) },
  status: { execution_state: oneOf("busy", "idle", "starting") },
  comm_open: { comm_id: string, target_name: string, data: () => true },
  comm_msg: { comm_id: string, data: () => true },
  comm_close: { comm_id: string, data: () => true },
  iopub_welcome: { subscription: string },
  input_request: { prompt: string, password: boolean },
};
const headerFields = ["msg_id", "msg_type", "session", "username", "date", "version"];

/** What is wrong with a message the kernel sent; empty when nothing is. */
export function violations({ header, content, parentHeader, metadata }: Message): string[] {
  const type = header.msg_type;
  const found = headerFields
    .filter((field) => !string((header as unknown as Content)[field]))
    .map((field) => `header.${field} is no string`);
  if (!date.test(header.date)) found.push(`header.date is no ISO date: ${header.date}`);
  if (!/^5\.\d+$/.test(header.version)) found.push(`header.version is ${header.version}`);
  if (!object(metadata)) found.push("metadata is no object");
  const fields = contents[type];
  if (fields === undefined) return [...found, `${type} is no message of a kernel`];
  if (type.endsWith("_reply")) {
    if (parentHeader.msg_id === undefined) found.push("a reply has no parent");
    const { status } = content;
    if (status === "error") return [...found, ...wrong(content, contents.error ?? {})];
    if (type !== "is_complete_reply" && !oneOf("ok", "aborted")(status)) found.push(`status is ${String(status)}`);
    if (status === "aborted") return found;
  }
  return [...found, ...wrong(content, fields)].map((problem) => `${type}: ${problem}`);
}

function wrong(content: Content, fields: Readonly<Record<string, Check>>): string[] {
  return Object.entries(fields)
    .filter(([key, check]) => {
      const value = content[key.replace("?", "")];
      return !(key.endsWith("?") && value === undefined) && !check(value);
    })
    .map(([key]) => `${key} is ${JSON.stringify(content[key.replace("?", "")])}`);
}

/**
 * Whether each request's messages run from `busy` to `idle` with everything between, and cells one after the other.
 * Returns what is wrong. Output of a cell after its idle (timers) is not looked at: `late` says which types may come.
 */
export function disorder(iopub: readonly Message[], late: readonly string[] = []): string[] {
  const problems: string[] = [];
  const states = new Map<string, "busy" | "idle">();
  for (const { header, parentHeader, content } of iopub) {
    const id = parentHeader.msg_id;
    if (id === undefined || header.msg_type === "shutdown_reply") continue;
    const state = states.get(id);
    if (header.msg_type === "status") {
      if (content.execution_state === "idle" && state !== "busy")
        problems.push(`${id} is idle without having been busy`);
      states.set(id, content.execution_state as "busy" | "idle");
    } else if (state === undefined) problems.push(`${header.msg_type} of ${id} comes before its busy`);
    else if (state === "idle" && !late.includes(header.msg_type))
      problems.push(`${header.msg_type} of ${id} comes after its idle`);
  }
  for (const [id, state] of states) if (state === "busy") problems.push(`${id} never becomes idle`);
  return problems;
}
