"""The questions of jupyter_kernel_test 0.7, put to the kernel `thaw`: all of them, none skipped."""

import unittest

import jupyter_kernel_test


class ThawKernelTests(jupyter_kernel_test.KernelTests):
    kernel_name = "thaw"
    language_name = "typescript"
    file_extension = ".ts"
    code_hello_world = 'console.log("hello, world");'
    code_stderr = 'console.error("to stderr");'
    completion_samples = [
        {"text": "JSON.stringi", "matches": {"stringify"}},
        {"text": "Number.isSafe", "matches": {"isSafeInteger"}},
    ]
    complete_code_samples = [
        "1 + 1",
        "const x: number = 1;",
        "for (const n of [1, 2]) {\n  console.log(n);\n}",
        "await Promise.resolve(1)",
        "interface Point { x: number }",
        "// only a comment",
        "",
    ]
    incomplete_code_samples = ["function f() {", "const a = [1,", "1 +", "`an open template", "if (true) {\n  f(1);"]
    invalid_code_samples = ["import = 7q", "let x = ;", "const const = 1;", ")"]
    code_page_something = "JSON?"
    code_generate_error = 'throw new Error("on purpose");'
    code_execute_result = [
        {"code": "6 * 7", "result": "42"},
        {"code": '"a" + "b"', "result": "'ab'"},
        {"code": "await Promise.resolve(5n)", "result": "5n"},
    ]
    code_display_data = [
        {"code": 'display({ data: { "text/html": "<b>bold</b>" } });', "mime": "text/html"},
        {"code": 'import { display as tslab } from "tslab"; tslab.html("<i>slanted</i>");', "mime": "text/html"},
    ]
    code_history_pattern = "6 ?*"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "JSON"
    code_clear_output = "clearOutput();"


class ThawIopubWelcomeTests(jupyter_kernel_test.IopubWelcomeTests):
    kernel_name = "thaw"
    support_iopub_welcome = True


if __name__ == "__main__":
    unittest.main(verbosity=2)
