/** Goal 1: jupyter_kernel_test, three times over. */
import { test } from "vitest";
import { conform } from "../kernel/conformance/jupyterKernelTest.ts";

test.each([1, 2, 3])("run %d of jupyter_kernel_test 0.7 passes, nothing skipped", conform);
