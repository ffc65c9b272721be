"""Metrics of several labels a text and of regression: scikit-learn (zero_division=0, multioutput the mean) and SciPy.

null where it is not defined: R2 of targets that do not vary, correlations of anything that does not.
"""

import numpy
from golden_file import digits, write
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import accuracy_score, f1_score, mean_absolute_error, mean_squared_error, r2_score

random = numpy.random.default_rng(7)
SETS = [
    ("three labels", [[1, 0, 1], [0, 0, 1], [1, 1, 0], [0, 0, 0]], [[1, 0, 0], [0, 0, 1], [1, 1, 0], [0, 1, 0]]),
    ("a label neither present nor predicted", [[1, 0], [1, 0], [0, 0]], [[1, 0], [0, 0], [0, 0]]),
    ("nothing predicted", [[1, 0], [1, 1]], [[0, 0], [0, 0]]),
    ("nothing present and nothing predicted", [[0, 0], [0, 0]], [[0, 0], [0, 0]]),
    ("one label", [[1], [0], [1]], [[1], [1], [1]]),
    ("100 texts of six labels", (random.random((100, 6)) < 0.3).astype(int).tolist(), (random.random((100, 6)) < 0.35).astype(int).tolist()),
]
wide = random.normal(size=(80, 3))
NUMBERS = [
    ("five texts", [[1.0], [2.5], [2.5], [-3.0], [0.5]], [[0.5], [2.0], [3.5], [-1.0], [0.5]]),
    ("ties on both sides", [[1.0], [1.0], [2.0], [3.0], [3.0]], [[2.0], [1.0], [2.0], [2.0], [5.0]]),
    ("worse than the mean", [[1.0], [2.0], [3.0]], [[30.0], [-20.0], [10.0]]),
    ("targets that do not vary", [[0.1], [0.1], [0.1]], [[1.0], [2.0], [0.0]]),
    ("predictions that do not vary", [[1.0], [2.0], [4.0]], [[0.1], [0.1], [0.1]]),
    ("one text", [[1.0]], [[3.0]]),
    ("80 texts of three outputs", digits(wide), digits(wide * [1.0, 0.5, -0.2] + random.normal(size=(80, 3)))),
]


def of_sets(name: str, labels: list, predictions: list) -> dict:
    f1 = {average: float(f1_score(labels, predictions, average=average, zero_division=0)) for average in ("micro", "macro")}
    if len(labels[0]) == 1:  # scikit-learn takes one column for two classes: its F1 is that of label 1
        f1["micro"] = f1["macro"] = float(f1_score([row[0] for row in labels], [row[0] for row in predictions], zero_division=0))
    return {
        "name": name, "labels": labels, "predictions": predictions, "micro_f1": f1["micro"], "macro_f1": f1["macro"],
        "subset_accuracy": float(accuracy_score(numpy.array(labels), numpy.array(predictions))),
    }


def of_numbers(name: str, targets: list, predictions: list) -> dict:
    t, p = numpy.array(targets), numpy.array(predictions)
    varies = [all(len(set(cells[:, i])) > 1 for i in range(t.shape[1])) for cells in (t, p)]
    correlation = lambda of: float(numpy.mean([of(p[:, i], t[:, i]).statistic for i in range(t.shape[1])])) if all(varies) else None
    return {
        "name": name, "targets": targets, "predictions": predictions,
        "mse": float(mean_squared_error(t, p)), "mae": float(mean_absolute_error(t, p)),
        "r2": float(r2_score(t, p)) if varies[0] else None, "pearson": correlation(pearsonr), "spearman": correlation(spearmanr),
    }


write("task_metrics.json", __file__, ("scikit-learn", "scipy", "numpy"), {
    "multi_label": [of_sets(*case) for case in SETS], "regression": [of_numbers(*case) for case in NUMBERS],
})
