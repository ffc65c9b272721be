import { expect, test } from "vitest";
import { errorReply, newHeader, replyType } from "../../../../kernel/protocol/wire/message.ts";

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
