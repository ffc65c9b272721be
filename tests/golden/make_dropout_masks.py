"""Dropout masks by their definition in native/dropout.h, computed here in numpy's own integers of 64 and 32 bits.

PyTorch draws other masks, from a generator that goes on from call to call: what is right here is what the definition says.
"""

import hashlib

import numpy
from golden_file import write

GOLDEN = numpy.uint64(0x9E3779B97F4A7C15)


def splitmix64(x: numpy.ndarray) -> numpy.ndarray:
    with numpy.errstate(over="ignore"):
        x = x + GOLDEN
        x = (x ^ (x >> numpy.uint64(30))) * numpy.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> numpy.uint64(27))) * numpy.uint64(0x94D049BB133111EB)
    return x ^ (x >> numpy.uint64(31))


def mask(seed: list, rate: float, rows: range, width: int) -> numpy.ndarray:
    """float32 `[rows, width]`: `1 / (1 - rate)` or 0."""
    pair = numpy.uint64((seed[0] & 0xFFFFFFFF) << 32 | (seed[1] & 0xFFFFFFFF))
    with numpy.errstate(over="ignore"):
        keys = splitmix64(splitmix64(pair) + numpy.arange(rows.start, rows.stop, dtype=numpy.uint64))[:, None]
    low, high = keys.astype(numpy.uint32), (keys >> numpy.uint64(32)).astype(numpy.uint32)
    x = numpy.arange(width, dtype=numpy.uint32)[None] * numpy.uint32(0x9E3779B9) + low
    x = (x ^ (x >> numpy.uint32(16))) * numpy.uint32(0x7FEB352D)
    x = ((x ^ (x >> numpy.uint32(15))) + high) * numpy.uint32(0x846CA68B)
    x = (x ^ (x >> numpy.uint32(16))) * numpy.uint32(0x7FEB352D)
    single = numpy.float32(rate)
    kept = numpy.float32(1) / (numpy.float32(1) - single)
    return numpy.where((x >> numpy.uint32(8)) >= numpy.uint32(single * numpy.float32(2**24)), kept, numpy.float32(0)).astype(numpy.float32)


def sha256(values: numpy.ndarray) -> str:
    return hashlib.sha256(numpy.ascontiguousarray(values).tobytes()).hexdigest()


def of_rows(seed: list, rate: float, rows: int, width: int) -> dict:
    values = mask(seed, rate, range(rows), width)
    return {"seed": seed, "rate": rate, "rows": rows, "width": width, "dropped": int((values == 0).sum()), "sha256": sha256(values)}


def of_attention(seed: list, rate: float, lengths: list, heads: int) -> dict:
    """The masks `[length, length]` of every head of every text: rows are counted text by text, head by head, query by query."""
    first, parts = 0, []
    for length in lengths:
        for _ in range(heads):
            parts.append(mask(seed, rate, range(first, first + length), length).reshape(-1))
            first += length
    return {"seed": seed, "rate": rate, "lengths": lengths, "heads": heads, "sha256": sha256(numpy.concatenate(parts))}


SEEDS = [[0, 0], [3, 2560], [-1, -1], [42, -2147483648], [2147483647, 511]]
SHAPES = [(1, 1), (37, 5), (128, 384), (70_000, 3), (3, 70_000)]
RATES = [0.1, 0.5, 0.9, 0.3, 1e-8, 0.999]
if __name__ == "__main__":
    write("dropout_masks.json", __file__, ("numpy",), {
        "rows": [of_rows(seed, rate, *shape) for i, seed in enumerate(SEEDS) for shape in SHAPES for rate in RATES[i % 2 :: 2]],
        "attention": [
            of_attention(seed, rate, lengths, heads)
            for seed, rate in zip(SEEDS, RATES)
            for lengths, heads in [([7, 1, 53, 20], 2), ([4, 4], 3), ([1], 1), ([2, 61, 3], 12), ([20] * 300, 12)]
        ],
    })
