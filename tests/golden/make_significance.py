"""What SciPy says of the tests behind the alarms, and the lowest loss that PyTorch finds for logits that are the same for all."""

import numpy as np
import torch
from golden_file import digits, write
from scipy import stats

rng = np.random.default_rng(0)

samples = []
for count, shift, trend in [(2, 0, 0), (5, 0, 0), (8, 0.1, -0.02), (30, -0.2, 0), (100, 0, -0.001), (400, 0.01, -0.01), (57, 3, 0.5)]:
    values = digits(0.7 + shift + trend * np.arange(count) + 0.1 * rng.standard_normal(count))
    line = stats.linregress(np.arange(count), values, alternative="less") if count > 2 else None
    samples.append({
        "values": values,
        "against": 0.7,
        "lower": float(stats.ttest_1samp(values, 0.7, alternative="less").pvalue),
        "higher": float(stats.ttest_1samp(values, 0.7, alternative="greater").pvalue),
        "fall": None if line is None else float(line.pvalue),
    })

tails = [
    {"t": t, "degrees": degrees, "tail": float(stats.t.sf(t, degrees))}
    for t in [-30, -2.5, -0.1, 0, 0.3, 1, 2.1, 4, 9, 40]
    for degrees in [1, 2, 7, 30, 299, 5000]
]

variances = []
for groups in [[3, 3], [3, 3, 3], [5, 2, 4], [2, 1], [10, 10, 10, 10]]:
    for spread in [0.01, 0.2]:
        values = [digits(0.8 + 0.02 * i + spread * rng.standard_normal(n)) for i, n in enumerate(groups)]
        mean = np.mean(np.concatenate(values))
        between = sum(len(v) * (np.mean(v) - mean) ** 2 for v in values) / (len(values) - 1)
        within = sum(((np.array(v) - np.mean(v)) ** 2).sum() for v in values) / (sum(groups) - len(groups))
        assert abs(stats.f_oneway(*values).pvalue - stats.f.sf(between / within, len(groups) - 1, sum(groups) - len(groups))) < 1e-12
        variances.append({"values": values, "probability": float(stats.f_oneway(*values).pvalue)})


def lowest(loss, outputs: int) -> float:
    bias = torch.zeros(outputs, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([bias], max_iter=500, tolerance_grad=1e-13, tolerance_change=1e-16, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        value = loss(bias)
        value.backward()
        return value

    optimizer.step(closure)
    return float(loss(bias).detach())


guesses = []
for counts, weights, smoothing in [
    ([5, 5], None, 0), ([90, 10], None, 0), ([90, 10], [0.5555555555555556, 5.0], 0), ([7, 2, 1, 4], None, 0.1),
    ([7, 2, 1, 4], [0.5, 2, 3, 1], 0), ([7, 2, 1, 4], [0.5, 2, 3, 1], 0.2), ([3, 0, 3], None, 0),
]:
    labels = torch.cat([torch.full((n,), i) for i, n in enumerate(counts)])
    weight = None if weights is None else torch.tensor(weights, dtype=torch.float64)
    criterion = torch.nn.CrossEntropyLoss(weight=weight, label_smoothing=smoothing)
    guesses.append({
        "problemType": "single_label_classification", "labels": labels.tolist(), "numLabels": len(counts),
        "weights": weights, "smoothing": smoothing,
        "loss": lowest(lambda b: criterion(b.expand(len(labels), -1), labels), len(counts)),
    })
cells = torch.tensor([[1, 0, 0], [1, 1, 0], [0, 1, 0], [1, 0, 0], [0, 0, 1]], dtype=torch.float64)
guesses.append({
    "problemType": "multi_label_classification", "labels": cells.flatten().tolist(), "numLabels": 3, "weights": None, "smoothing": 0,
    "loss": lowest(lambda b: torch.nn.functional.binary_cross_entropy_with_logits(b.expand(5, -1), cells), 3),
})
targets = torch.tensor(digits(rng.standard_normal((20, 2)) * [1, 3] + [0, 5]), dtype=torch.float64)
guesses.append({
    "problemType": "regression", "labels": targets.flatten().tolist(), "numLabels": 2, "weights": None, "smoothing": 0,
    "loss": lowest(lambda b: torch.nn.functional.mse_loss(b.expand(20, -1), targets), 2),
})

write("significance.json", __file__, ("scipy", "torch", "numpy"), {
    "note": "probabilities of one-sided t-tests, of the slope of a line and of a one-way analysis of variance; lowest losses of one bias for all examples",
    "samples": samples,
    "tails": tails,
    "variances": variances,
    "guesses": guesses,
})
