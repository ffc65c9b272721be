import { expect, test } from "vitest";
import type { Content } from "../../../../kernel/protocol/wire/message.ts";
import { problemOf } from "../../../../kernel/protocol/wire/message.ts";

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
