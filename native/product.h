// Products of matrices by OpenBLAS, as the PyPI package scipy-openblas32 has it (its names carry a prefix).
#pragma once
#include <cblas.h>

#include <algorithm>
#include <cstdint>

namespace thaw {

// A matrix in memory row after row, read as it lies or as its transpose.
struct Factor {
  const float* data;
  int64_t columns;  // as it lies
  bool transposed;

  // Where its part from row `row` (as it is read) begins.
  const float* fromRow(int64_t row) const { return data + (transposed ? row : row * columns); }
  CBLAS_TRANSPOSE flag() const { return transposed ? CblasTrans : CblasNoTrans; }
};

// `c [rows, columns]` becomes `a [rows, inner] b [inner, columns]`, or more by it.
struct Product {
  Factor a;
  Factor b;
  int64_t inner;
  float* c;
  int64_t columns;
  bool accumulate;
};

// The part of the product in these rows of `c`.
inline void multiplyRows(const Product& p, int64_t row, int64_t rows) {
  scipy_cblas_sgemm(CblasRowMajor, p.a.flag(), p.b.flag(), static_cast<blasint>(rows), static_cast<blasint>(p.columns),
                    static_cast<blasint>(p.inner), 1.0f, p.a.fromRow(row), static_cast<blasint>(p.a.columns), p.b.data,
                    static_cast<blasint>(p.b.columns), p.accumulate ? 1.0f : 0.0f, p.c + row * p.columns,
                    static_cast<blasint>(p.columns));
}

}  // namespace thaw
