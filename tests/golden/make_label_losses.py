"""Losses with weights of labels and label smoothing, and their gradients, by PyTorch and transformers; "balanced" weights by
scikit-learn. A step of several micro-batches is what PyTorch computes of all its examples at once."""

import numpy
import torch
from golden_file import digits, write
from sklearn.utils.class_weight import compute_class_weight
from transformers.trainer_pt_utils import LabelSmoother

generator = torch.Generator().manual_seed(0)


def random_logits(rows: int, columns: int, scale: float) -> list:
    return (scale * torch.randn(rows, columns, generator=generator, dtype=torch.float32)).tolist()


BATCHES = {
    "two labels": (random_logits(7, 2, 2.0), [0, 0, 1, 0, 0, 0, 1]),
    "four labels": (random_logits(9, 4, 3.0), [3, 1, 0, 0, 2, 3, 3, 3, 1]),
    "logits far apart": ([[80.0, -80.0, 0.001], [-9.0, 17.0, -1000.0], [0.0, 1.25, -0.75]], [1, 0, 2]),
}
WEIGHTS = {"two labels": [0.25, 3.0], "four labels": [1.0, 2.5, 0.3, 7.0], "logits far apart": [2.0, 0.5, 1.0]}


def with_gradient(loss, logits: list) -> dict:
    x = torch.tensor(logits, dtype=torch.float64, requires_grad=True)
    value = loss(x)
    value.backward()
    return {"logits": logits, "loss": value.item(), "gradient": digits(x.grad)}


def single(name: str, weights, smoothing: float) -> dict:
    logits, labels = BATCHES[name]
    target = torch.tensor(labels)
    weight = None if weights is None else torch.tensor(weights, dtype=torch.float64)
    loss = torch.nn.CrossEntropyLoss(weight=weight, label_smoothing=smoothing)
    case = {"name": name, "weights": weights, "smoothing": smoothing, "labels": labels, **with_gradient(lambda x: loss(x, target), logits)}
    if weights is None:
        smoother = LabelSmoother(epsilon=smoothing)
        case["smoother"] = smoother({"logits": torch.tensor(logits, dtype=torch.float64)}, target).item()
    return case


MULTI = {
    "three labels": ([[0.3, -2.0, 5.5], [0.0, 1.25, -0.75], [80.0, -80.0, 0.001], [-9.0, 17.0, -1000.0]], [[1, 0, 0], [0, 1, 1], [1, 1, 0], [0, 0, 1]]),
    "two labels": (random_logits(8, 2, 2.0), [[i % 2, int(i == 3)] for i in range(8)]),
}
POSITIVE = {"three labels": [[0.5, 4.0, 1.0], [3.0, 0.1, 20.0]], "two labels": [[1.0, 7.0]]}


def multi(name: str, weights: list) -> dict:
    logits, labels = MULTI[name]
    loss = torch.nn.BCEWithLogitsLoss(pos_weight=torch.tensor(weights, dtype=torch.float64))
    target = torch.tensor(labels, dtype=torch.float64)
    return {"name": name, "weights": weights, "labels": labels, **with_gradient(lambda x: loss(x, target), logits)}


def balanced(labels: list) -> dict:
    classes = numpy.unique(labels)
    return {"labels": labels, "classes": classes.tolist(), "weights": compute_class_weight("balanced", classes=classes, y=labels).tolist()}


write("label_losses.json", __file__, ("torch", "transformers", "scikit-learn", "numpy"), {
    "single": [single(name, weights, smoothing) for name in BATCHES for weights in (None, WEIGHTS[name]) for smoothing in (0.0, 0.1, 0.5) if weights or smoothing],
    "multi": [multi(name, weights) for name, all_weights in POSITIVE.items() for weights in all_weights],
    "balanced": [balanced([0, 0, 0, 1]), balanced([2, 0, 2, 2, 0, 4]), balanced([1] * 5), balanced([i % 3 for i in range(20)])],
})
