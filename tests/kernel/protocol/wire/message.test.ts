import { expect, test } from "vitest";
import { type Content, errorReply, newHeader, problemOf, replyType } from "../../../../kernel/protocol/wire/message.ts";

test("a reply is called after its request, whose name may hold the word twice", () => {
  expect(["execute_request", "comm_info_request", "a_request_b_request"].map(replyType)).toEqual([
    "execute_reply",
    "comm_info_reply",
    "a_request_b_reply",
  ]);
});

test("a header has an id of its own, the session, the time and the version of the protocol", () => {
  const [first, second] = [newHeader("status", "s"), newHeader("status", "s")];
  expect(first).toMatchObject({ msg_type: "status", session: "s", username: "kernel", version: "5.3" });
  expect(first.msg_id).not.toBe(second.msg_id);
  expect(new Date(first.date).toISOString()).toBe(first.date);
});

test.each([
  ["history_reply", { history: [] }],
  ["is_complete_reply", { status: "unknown" }],
  ["shutdown_reply", { restart: false }],
  ["execute_reply", {}],
])("an error in %s has what clients ask of that reply", (type, beside) => {
  const error = { ename: "Error", evalue: "no", traceback: ["Error: no"] };
  expect(errorReply(type, "Error", "no")).toEqual({ status: "error", ...error, ...beside });
});

test.each<[type: string, content: Content, problem: RegExp]>([
  ["execute_request", {}, /execute_request lacks "code", which should be of type string/],
  ["execute_request", { code: 5 }, /"code" of type number; it should be of type string/],
  ["execute_request", { code: "", user_expressions: [] }, /"user_expressions" of type array/],
  ["execute_request", { code: "", silent: "yes" }, /"silent" of type string/],
  ["complete_request", { code: "a", cursor_pos: "1" }, /"cursor_pos" of type string/],
  ["history_request", { hist_access_type: "tail", n: "3" }, /"n" of type string/],
  ["comm_open", { comm_id: "1", target_name: null }, /lacks "target_name"/],
])("%s with %j is refused", (type, content, problem) => {
  expect(problemOf(type, content)).toMatch(problem);
});

test.each<[type: string, content: Content]>([
  ["execute_request", { code: "", silent: null, allow_stdin: true, more: 1 }],
  ["comm_info_request", {}],
  ["history_request", { hist_access_type: "range", session: 0, start: 0, stop: null }],
  ["constructor", { code: 5 }],
  ["no_such_request", { code: 5 }],
])("%s with %j is taken", (type, content) => {
  expect(problemOf(type, content)).toBeUndefined();
});
