"""Multinomial logistic regressions by scikit-learn, and the examples off the diagonal of the confident joint by its formula
(Northcutt, Jiang and Chuang 2021, section 3.1)."""

import numpy
from golden_file import digits, write
from sklearn.linear_model import LogisticRegression

random = numpy.random.default_rng(21)


def regression(examples: int, width: int, labels: int, c: float) -> dict:
    centres = random.normal(size=(labels, width))
    y = numpy.arange(examples) % labels
    x = numpy.round(centres[y] + random.normal(size=(examples, width)) * 1.5, 3)
    fitted = LogisticRegression(C=c, tol=1e-12, max_iter=20_000).fit(x, y)
    return {
        "c": c, "rows": x.tolist(), "labels": y.tolist(),
        "coefficients": digits(fitted.coef_, 6), "probabilities": digits(fitted.predict_proba(x[:10]), 6),
    }


def suspects(examples: int, labels: int) -> dict:
    given = numpy.arange(examples) % labels
    logits = random.normal(size=(examples, labels)) + 2 * numpy.eye(labels)[numpy.where(random.random(examples) < 0.85, given, (given + 1) % labels)]
    p = numpy.round(numpy.exp(logits) / numpy.exp(logits).sum(axis=1, keepdims=True), 4)
    thresholds = numpy.array([p[given == k, k].mean() for k in range(labels)])
    above = numpy.where(p >= thresholds, p, -1)
    confident = above.argmax(axis=1)
    off = (above.max(axis=1) >= 0) & (confident != given)
    order = sorted(numpy.flatnonzero(off), key=lambda i: p[i, given[i]])
    return {"probabilities": p.tolist(), "labels": given.tolist(), "suspects": [[int(i), int(confident[i])] for i in order]}


write("confident_learning.json", __file__, ("scikit-learn", "numpy"), {
    "regressions": [regression(60, 4, 3, 1.0), regression(50, 30, 4, 0.01), regression(40, 3, 5, 10.0)],
    "joints": [suspects(80, 2), suspects(120, 4)],
})
