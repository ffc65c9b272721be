"""Accuracy and macro F1 by scikit-learn (zero_division=0).

macro_f1 is scikit-learn's default: the mean over the classes that occur among the labels or the predictions.
macro_f1_all counts every class of the model, one that never occurs with F1 0.
"""

import numpy
from golden_file import write
from sklearn.metrics import accuracy_score, f1_score

random = numpy.random.default_rng(6)
CASES = [
    ("two classes", 2, [0, 1, 1, 0, 1, 0, 0, 1, 1, 0], [0, 1, 0, 0, 1, 1, 0, 1, 1, 1]),
    ("a class never predicted", 3, [0, 1, 2, 2, 1, 0, 2], [0, 1, 1, 0, 1, 0, 0]),
    ("a class absent from the labels but predicted", 3, [0, 1, 1, 0, 1, 0], [0, 1, 2, 0, 2, 1]),
    ("a class absent from labels and predictions", 4, [0, 1, 2, 2, 1, 0], [0, 1, 2, 1, 1, 0]),
    ("everything wrong", 2, [0, 0, 1, 1, 1], [1, 1, 0, 0, 0]),
    ("200 rows of five uneven classes", 5,
     random.choice(5, 200, p=[0.5, 0.2, 0.15, 0.1, 0.05]).tolist(),
     random.choice(5, 200, p=[0.45, 0.25, 0.15, 0.1, 0.05]).tolist()),
]


def scores(name: str, classes: int, labels: list, predictions: list) -> dict:
    everything = list(range(classes))
    return {
        "name": name, "num_labels": classes, "labels": labels, "predictions": predictions,
        "accuracy": float(accuracy_score(labels, predictions)),
        "macro_f1": float(f1_score(labels, predictions, average="macro", zero_division=0)),
        "macro_f1_all": float(f1_score(labels, predictions, labels=everything, average="macro", zero_division=0)),
        "f1_per_class": [float(f1) for f1 in f1_score(labels, predictions, labels=everything, average=None, zero_division=0)],
    }


write("metrics.json", __file__, ("scikit-learn", "numpy"), {"cases": [scores(*case) for case in CASES]})
