"""Weights by a formula of name and index, so that no golden has to hold them; tests/models/formula.ts has the same."""

import math

import numpy

BLOCK = 2**22


def uniform(name: str, count: int, start: int = 0) -> numpy.ndarray:
    """`count` numbers in [-1, 1) from index `start` on, multiples of 2^-23: FNV-1a of the name, then the finaliser of MurmurHash3."""
    seed = 2166136261
    for byte in name.encode():
        seed = ((seed ^ byte) * 16777619) % 2**32
    x = numpy.arange(start, start + count, dtype=numpy.uint32) * numpy.uint32(0x9E3779B1) + numpy.uint32(seed)
    x = (x ^ (x >> numpy.uint32(16))) * numpy.uint32(0x85EBCA6B)
    x = (x ^ (x >> numpy.uint32(13))) * numpy.uint32(0xC2B2AE35)
    x ^= x >> numpy.uint32(16)
    return (x >> numpy.uint32(8)).astype(numpy.float64) / 2**23 - 1


def weight(name: str, shape, matrices: float = 0.3) -> numpy.ndarray:
    """In float32: matrices within 0.3 or as given, vectors within 0.1, those that scale a normalisation around 1."""
    scale = matrices if len(shape) > 1 else 0.1
    centre = 1 if name.lower().endswith("norm.weight") else 0
    values = numpy.empty(math.prod(shape), numpy.float32)
    for start in range(0, values.size, BLOCK):  # a large vocabulary takes gigabytes in float64
        block = values[start : start + BLOCK]
        block[:] = uniform(name, block.size, start) * scale + centre
    return values.reshape(shape)


def projections(name: str, values: numpy.ndarray, count: int) -> list:
    """Dot products with `count` vectors of variance 1/3: their squares tell how long `values` is, and so any difference."""
    flat = values.reshape(-1)
    return [float(flat @ uniform(f"{name} {k}", flat.size)) for k in range(count)]
