"""Weights by a formula of name and index, so that no golden has to hold them; tests/models/formula.ts has the same."""

import math

import numpy




def uniform(name: str, count: int) -> numpy.ndarray:
    """`count` numbers in [-1, 1), multiples of 2^-23: FNV-1a of the name, then the finaliser of MurmurHash3."""
    seed = 2166136261
    for byte in name.encode():
        seed = ((seed ^ byte) * 16777619) % 2**32
    x = numpy.arange(count, dtype=numpy.uint32) * numpy.uint32(0x9E3779B1) + numpy.uint32(seed)
    x = (x ^ (x >> numpy.uint32(16))) * numpy.uint32(0x85EBCA6B)
    x = (x ^ (x >> numpy.uint32(13))) * numpy.uint32(0xC2B2AE35)
    x ^= x >> numpy.uint32(16)
    return (x >> numpy.uint32(8)).astype(numpy.float64) / 2**23 - 1


def weight(name: str, shape) -> numpy.ndarray:
    """In float32: matrices within 0.3, vectors within 0.1, those that scale a normalisation around 1."""
    values = uniform(name, math.prod(shape)) * (0.3 if len(shape) > 1 else 0.1)
    if name.lower().endswith("norm.weight"):
        values = values + 1
    return values.astype(numpy.float32).reshape(shape)


def projections(name: str, values: numpy.ndarray, count: int) -> list:
    """Dot products with `count` vectors of variance 1/3: their squares tell how long `values` is, and so any difference."""
    flat = values.reshape(-1)
    return [float(flat @ uniform(f"{name} {k}", flat.size)) for k in range(count)]
