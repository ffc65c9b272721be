"""The first two principal components of seeded matrices, by scikit-learn: fewer rows than columns and more, with and without structure."""

import numpy
from golden_file import digits, write
from sklearn.decomposition import PCA

SHAPES = {"tall": (60, 9), "wide": (14, 40), "three rows": (3, 5), "one column": (12, 1)}


def case_of(shape: tuple, generator: numpy.random.Generator) -> dict:
    rows, columns = shape
    # rounded to what JSON holds: both sides read the same numbers
    matrix = (generator.standard_normal(shape) * (1 + numpy.arange(columns))[::-1] ** 0.7 + 3).round(4)
    count = min(2, rows, columns)
    pca = PCA(n_components=count, svd_solver="full").fit(matrix)
    return {
        "matrix": matrix.tolist(), "points": digits(pca.transform(matrix)), "components": digits(pca.components_),
        "variance_ratio": digits(pca.explained_variance_ratio_),
    }


generator = numpy.random.default_rng(0)
write("principal_components.json", __file__, ("scikit-learn", "numpy"), {
    name: case_of(shape, generator) for name, shape in SHAPES.items()
})
