import { existsSync } from "node:fs";
import { tmpdir } from "node:os";

/** A folder on a disk in memory, where there is one: thousands of saves are made there. */
export const fastDisk = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
