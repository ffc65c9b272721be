"""How many examples of each label scikit-learn's stratified `train_test_split` puts into the parts.

`labels`: counts of each label. `parts`: counts in the held-out and the training part, for sizes given as numbers of
examples, so that only the stratification is compared. Ties of largest remainders are broken at random there; `seeds` of
each case show all that come up.
"""

import warnings

import numpy
from golden_file import write
from sklearn.model_selection import train_test_split

warnings.simplefilter("error")
CASES = [
    ([50, 50], 20), ([81, 19], 20), ([500, 400, 100], 200), ([7, 5, 3], 5), ([997, 3], 100), ([33, 33, 34], 10),
    ([10, 20, 30, 40], 25), ([2, 2, 2, 2], 4), ([5061, 4982], 2000), ([13, 11, 7, 5, 3, 2], 12), ([100, 1000, 10], 111),
]


def parts(counts: list, held_out: int) -> list:
    labels = numpy.repeat(numpy.arange(len(counts)), counts)
    found = set()
    for seed in range(20):
        train, test = train_test_split(labels, test_size=held_out, stratify=labels, random_state=seed)
        count = lambda part: tuple(numpy.bincount(part, minlength=len(counts)).tolist())
        found.add((count(test), count(train)))
    return sorted([list(map(list, each)) for each in found])


def sizes(total: int, test_size: float) -> list:
    train, test = train_test_split(numpy.arange(total), test_size=test_size, random_state=0)
    return [total, test_size, len(test), len(train)]


write("splits.json", __file__, ("scikit-learn", "numpy"), {
    "stratified": [{"labels": counts, "held_out": held_out, "parts": parts(counts, held_out)} for counts, held_out in CASES],
    "sizes": [sizes(total, size) for total in (10, 11, 15, 99, 100, 101, 1003, 10605) for size in (0.1, 0.2, 0.25, 0.5)],
})
