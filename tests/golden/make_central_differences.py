"""Slopes of the loss of every family by central differences in float64: `(loss(w + h) - loss(w - h)) / 2h`, weight by weight.

The models and batches are those of make_families.py, and so are the weights. No gradient of PyTorch is written here: its own
only says which values the loss depends on, so that most of the points lie there.
"""

import sys
from unittest import mock

import numpy
import torch
from formula import uniform
from golden_file import digits, write
from make_families import FAMILIES, LENGTHS, batch_of, model_of

H = 1e-6
POINTS = 20
ELSEWHERE = 6
"""Points among all values of a parameter; the others are among those that the loss depends on."""
ROUNDING = 1e-12
"""A gradient below this is a zero that was summed in some order (1e-17), and which of these are exactly 0 is the processor's choice."""

softmax, to_float32 = torch.nn.functional.softmax, torch.Tensor.float
"""ModernBERT rounds scores and rotated rows to float32, the DeBERTas what they normalise: no difference of 1e-6 is left there."""


def kept_in_float64(x: torch.Tensor) -> torch.Tensor:
    return x if x.dtype == torch.float64 else to_float32(x)


wide_softmax = mock.patch("torch.nn.functional.softmax", lambda x, dim, dtype=None: softmax(x, dim=dim))
wide_rows = mock.patch("torch.Tensor.float", kept_in_float64)


def points_of(name: str, gradient: torch.Tensor | None, size: int, without: range = range(0)) -> list:
    """POINTS indices into the flat parameter, each once, drawn by the formula; all where there are no more."""
    everywhere = [index for index in range(size) if index not in without]
    if len(everywhere) <= POINTS:
        return everywhere
    used = [] if gradient is None else numpy.flatnonzero(numpy.abs(gradient.reshape(-1).numpy()) > ROUNDING).tolist()
    points = set(used if len(used) <= POINTS - ELSEWHERE else [])
    for u in uniform(f"{name} points", 40 * POINTS):
        places = used if len(points) < min(len(used), POINTS - ELSEWHERE) else everywhere
        if len(points) < POINTS:
            points.add(int(places[int((u + 1) / 2 * len(places))]))
    return sorted(points)


def padding_of(model: torch.nn.Module, name: str) -> range:
    """The row of a table whose gradient is said to be zero, whatever the slope is."""
    module = model.get_submodule(name.rpartition(".")[0])
    padding = getattr(module, "padding_idx", None)
    width = module.weight.shape[1] if padding is not None else 0
    return range(0) if padding is None else range(padding * width, (padding + 1) * width)


def slopes_of(model_type: str, index: int) -> dict:
    family = FAMILIES[model_type]
    keys = family.configs[index]
    lengths = family.lengths.get(index, LENGTHS)
    model = model_of(model_type, keys, torch.float64).eval()
    batch = {key: torch.tensor(rows) for key, rows in batch_of(family, keys, lengths, torch.Generator().manual_seed(index)).items()}
    labels = torch.tensor([i % model.config.num_labels for i in range(len(lengths))])

    def loss() -> torch.Tensor:
        return model(**batch, labels=labels).loss

    loss().backward()
    slopes = {}
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            flat = parameter.view(-1)
            found = []
            for point in points_of(name, parameter.grad, flat.numel(), padding_of(model, name)):
                value = flat[point].item()
                flat[point] = value + H
                above = loss().item()
                flat[point] = value - H
                found.append([point, (above - loss().item()) / (2 * H)])
                flat[point] = value
            slopes[name] = [[point, digits(slope, 6) if abs(slope) > 1e-8 else 0] for point, slope in found]
    return slopes


if __name__ == "__main__":
    with wide_softmax, wide_rows:
        for model_type in sys.argv[1:] or FAMILIES:
            write(f"slopes/{model_type}.json", __file__, ("torch", "transformers", "numpy"), {
                f"case_{index}": slopes_of(model_type, index) for index in range(len(FAMILIES[model_type].configs))
            })
