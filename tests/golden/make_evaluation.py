"""Scores of each label, areas under ROC curves, Matthews' correlation and confusions by scikit-learn (zero_division=0), the
expected calibration error by its formula (Guo et al. 2017), Wilson's intervals by SciPy.

null where an area is not defined: a label that all examples have, or none.
"""

import numpy
from golden_file import digits, write
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix, matthews_corrcoef, precision_recall_fscore_support, roc_auc_score

random = numpy.random.default_rng(15)


def drawn(examples: int, labels: int, scale: float = 2.0) -> numpy.ndarray:
    """Logits in steps of 1/8: exact in float32, and with ties."""
    return numpy.round(random.normal(size=(examples, labels)) * scale * 8) / 8


SINGLE = [
    ("two labels", drawn(60, 2), random.integers(0, 2, 60)),
    ("five uneven labels", drawn(200, 5), random.choice(5, 200, p=[0.5, 0.2, 0.15, 0.1, 0.05])),
    ("a label never predicted", drawn(40, 3) - [0, 0, 50], random.integers(0, 3, 40)),
    ("a label without examples", drawn(40, 3), random.integers(0, 2, 40)),
    ("one label everywhere", drawn(20, 2), numpy.zeros(20, dtype=int)),
    ("sure of everything", drawn(50, 2, 40.0), random.integers(0, 2, 50)),
]
SETS = [
    ("four labels", drawn(80, 4), (random.random((80, 4)) < 0.4).astype(int)),
    ("a label nobody has", drawn(30, 2), numpy.stack([random.integers(0, 2, 30), numpy.zeros(30, dtype=int)], axis=1)),
]


def areas(present: numpy.ndarray, probabilities: numpy.ndarray) -> list:
    return [
        float(roc_auc_score(present[:, i], probabilities[:, i])) if 0 < present[:, i].sum() < len(present) else None
        for i in range(present.shape[1])
    ]


def per_label(scores: tuple) -> dict:
    return dict(zip(("precision", "recall", "f1", "support"), (each.tolist() for each in scores)))


def ece(confidence: numpy.ndarray, right: numpy.ndarray, bins: int = 15) -> float:
    error, edges = 0.0, numpy.linspace(0, 1, bins + 1)
    for low, high in zip(edges[:-1], edges[1:]):
        inside = (confidence > low) & (confidence <= high)
        if inside.any():
            error += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    return float(error)


def single(name: str, logits: numpy.ndarray, labels: numpy.ndarray) -> dict:
    every = list(range(logits.shape[1]))
    shifted = numpy.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = shifted / shifted.sum(axis=1, keepdims=True)
    predictions = logits.argmax(axis=1)
    found = areas(numpy.eye(len(every), dtype=int)[labels], probabilities)
    if all(each is not None for each in found):
        mean = float(roc_auc_score(labels, probabilities[:, 1] if len(every) == 2 else probabilities, multi_class="ovr"))
    else:
        mean = None
    return {
        "name": name, "logits": logits.tolist(), "labels": labels.tolist(),
        **per_label(precision_recall_fscore_support(labels, predictions, labels=every, zero_division=0)),
        "roc_auc_of_labels": found, "roc_auc": mean,
        "matthews": float(matthews_corrcoef(labels, predictions)),
        "confusion": confusion_matrix(labels, predictions, labels=every).tolist(),
        "ece": ece(probabilities.max(axis=1), predictions == labels),
    }


def sets(name: str, logits: numpy.ndarray, labels: numpy.ndarray) -> dict:
    probabilities = 1 / (1 + numpy.exp(-logits))
    found = areas(labels, probabilities)
    return {
        "name": name, "logits": logits.tolist(), "labels": labels.tolist(),
        **per_label(precision_recall_fscore_support(labels, (probabilities > 0.5).astype(int), average=None, zero_division=0)),
        "roc_auc_of_labels": found,
        "roc_auc": None if None in found else float(roc_auc_score(labels, probabilities, average="macro")),
    }


def interval(hits: int, trials: int) -> dict:
    low, high = binomtest(hits, trials).proportion_ci(0.95, method="wilson")
    return {"hits": hits, "trials": trials, "low": digits(float(low)), "high": digits(float(high))}


write("evaluation.json", __file__, ("scikit-learn", "scipy", "numpy"), {
    "single": [single(*case) for case in SINGLE],
    "sets": [sets(*case) for case in SETS],
    "intervals": [interval(*case) for case in ((0, 5), (5, 5), (1, 2), (37, 50), (820, 1000), (1, 10_000))],
})
