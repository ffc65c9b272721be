/** jupyter_kernel_test, the suite that Jupyter itself offers to makers of kernels. */
import { test } from "vitest";
import { conform } from "./jupyterKernelTest.ts";

test("every test of jupyter_kernel_test 0.7 is on and passes", conform, 120_000);
