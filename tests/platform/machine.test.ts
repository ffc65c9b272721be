/** What a process may still take of memory, read from what Linux says of it, and errors that say that it has run out. */
import { totalmem } from "node:os";
import { describe, expect, test } from "vitest";
import {
  asOutOfMemory,
  assertRoom,
  assertThreadRoom,
  guardMemory,
  roomLeft,
  tensorLimit,
} from "../../src/platform/machine.ts";

const status = "Name:\tnode\nVmSize:\t 2000000 kB\nVmData:\t  400000 kB\nThreads:\t11\n";
const limitsOf = (addresses = "unlimited", data = "unlimited") =>
  `Limit                     Soft Limit           Hard Limit           Units     \n` +
  `Max data size             ${data.padEnd(20)} unlimited            bytes     \n` +
  `Max address space         ${addresses.padEnd(20)} unlimited            bytes     \n`;
const meminfo = "MemTotal:       24684544 kB\nMemAvailable:   20000000 kB\nSwapFree:        1000000 kB\n";
const reader = (files: Record<string, string>) => (path: string) =>
  ({ "/proc/self/status": status, "/proc/self/limits": limitsOf(), "/proc/meminfo": meminfo, ...files })[path];

describe("the least of all limits counts, and is named", () => {
  test.each([
    ["ulimit -v", { "/proc/self/limits": limitsOf("3000000000") }, 3e9 - 1024 * 2e6, '3.00 GB that "ulimit -v" allows'],
    ["ulimit -d", { "/proc/self/limits": limitsOf("9000000000", "1000000000") }, 1e9 - 1024 * 4e5, '"ulimit -d"'],
    [
      "a control group of version 2, its file cache counted as free",
      {
        "/proc/self/cgroup": "0::/user.slice/job\n",
        "/sys/fs/cgroup/user.slice/job/memory.max": "2000000000\n",
        "/sys/fs/cgroup/user.slice/job/memory.current": "1500000000\n",
        "/sys/fs/cgroup/user.slice/job/memory.stat": "anon 1\ninactive_file 300000000\nactive_file 7\n",
      },
      8e8,
      "this container",
    ],
    [
      "a group above the process's own",
      {
        "/proc/self/cgroup": "0::/a/b\n",
        "/sys/fs/cgroup/a/b/memory.max": "max\n",
        "/sys/fs/cgroup/a/b/memory.current": "5\n",
        "/sys/fs/cgroup/a/memory.max": "1000000000\n",
        "/sys/fs/cgroup/a/memory.current": "400000000\n",
      },
      6e8,
      "1.00 GB that this container may hold",
    ],
    [
      "a control group of version 1",
      {
        "/proc/self/cgroup": "9:name=systemd:/\n4:cpu,memory:/box\n0::/\n",
        "/sys/fs/cgroup/memory/box/memory.limit_in_bytes": "1000000000\n",
        "/sys/fs/cgroup/memory/box/memory.usage_in_bytes": "900000000\n",
        "/sys/fs/cgroup/memory/box/memory.stat": "inactive_file 1\ntotal_inactive_file 50000000\n",
        "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes": "900000000\n",
      },
      1.5e8,
      "this container",
    ],
    ["the machine, its swap included", {}, 1024 * 21e6, "this machine's memory"],
  ])("%s", (_, files, bytes, named) => {
    const room = roomLeft(0, reader(files as Record<string, string>));
    expect(room.bytes).toBe(bytes);
    expect(room.limit).toContain(named);
  });

  test("what the process has taken and does not use counts where a limit counts it as taken", () => {
    const limited = reader({ "/proc/self/limits": limitsOf("3000000000") });
    expect(roomLeft(1e8, limited).bytes).toBe(roomLeft(0, limited).bytes + 1e8);
    expect(roomLeft(1e8, reader({})).bytes).toBe(roomLeft(0, reader({})).bytes);
  });

  test("without Linux's files there is the machine's memory", () => {
    expect(roomLeft(0, () => undefined).bytes).toBeGreaterThan(0);
  });
});

test("tensors may take less than a limit leaves: the rest is JavaScript's", () => {
  expect(tensorLimit(() => undefined)).toBe(totalmem());
  const limit = tensorLimit(reader({ "/proc/self/limits": limitsOf("6048000000") }));
  expect(limit).toBeCloseTo(0.6 * (6.048e9 - 2.048e9 - 2e9), 0);
  expect(tensorLimit(reader({ "/proc/self/limits": limitsOf("2048000000") }))).toBe(64e6);
});

test("a thread is not started where there are no addresses for it", () => {
  expect(() => assertThreadRoom("A thread", reader({ "/proc/self/limits": limitsOf("2500000000") }))).toThrow(
    expect.objectContaining({
      code: "OUT_OF_MEMORY",
      message: expect.stringMatching(/^A thread takes 750 MB, but 452 MB can be had/),
    }),
  );
  assertThreadRoom("A thread", reader({ "/proc/self/limits": limitsOf("2900000000") }));
  assertThreadRoom("A thread", reader({}));
});

test("what is larger than the machine is refused before it is taken, with what is wanted and what there is", () => {
  expect(() => assertRoom(1e15, "Reading a tensor")).toThrow(
    expect.objectContaining({
      code: "OUT_OF_MEMORY",
      message: expect.stringMatching(/^Reading a tensor takes 1,?\d* ?.*B, but .* can be had/),
    }),
  );
  assertRoom(1e6, "Reading a tensor");
});

test.each([
  [
    "TensorFlow's",
    "Invalid TF_Status: 8\nMessage: OOM when allocating tensor with shape[3904,1536] and type float on CPU",
    /24\.0 MB are wanted for a tensor of shape \[3904, 1536\]/,
  ],
  [
    "one of TensorFlow's without a shape",
    "Invalid TF_Status: 8\nMessage: OOM in a fused operation: std::bad_alloc",
    /an operation wanted more/,
  ],
  ["V8's", "Array buffer allocation failed", /an operation wanted more/],
  ["WebAssembly's", "WebAssembly.Memory.grow(): Maximum memory size exceeded", /an operation wanted more/],
])("%s error of memory says OUT_OF_MEMORY, with its cause", (_, message, said) => {
  const cause = new Error(message);
  expect(asOutOfMemory(cause)).toMatchObject({ code: "OUT_OF_MEMORY", message: expect.stringMatching(said), cause });
});

test("every other error stays what it is", () => {
  const error = new Error("Invalid TF_Status: 3\nMessage: shapes do not match");
  expect(asOutOfMemory(error)).toBe(error);
  expect(() =>
    guardMemory(() => {
      throw error;
    }),
  ).toThrow(error);
});
