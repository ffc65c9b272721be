"""What the reference reader says of files on standard input, each behind its length: one byte each, 1 = accepted.

    node tests/weights/safetensors/mutants.mjs SEED COUNT | python judge_safetensors.py
"""

import sys

from safetensors import deserialize


def verdicts(stream):
    while length := stream.read(4):
        content = stream.read(int.from_bytes(length, "little"))
        try:
            deserialize(content)
            yield 1
        except Exception:
            yield 0


if __name__ == "__main__":
    sys.stdout.buffer.write(bytes(verdicts(sys.stdin.buffer)))
