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
  const float* fromColumn(int64_t column) const { return data + (transposed ? column * columns : column); }
  CBLAS_TRANSPOSE flag() const { return transposed ? CblasTrans : CblasNoTrans; }
};

// `c [rows, columns]`, whose rows lie `stride` apart, becomes `a [rows, inner] b [inner, columns]`, or more by it.
struct Product {
  Factor a;
  Factor b;
  int64_t inner;
  float* c;
  int64_t stride;
  bool accumulate;
};

// The part of the product in these rows and columns of `c`.
inline void multiply(const Product& p, int64_t row, int64_t rows, int64_t column, int64_t columns) {
  scipy_cblas_sgemm(CblasRowMajor, p.a.flag(), p.b.flag(), static_cast<blasint>(rows), static_cast<blasint>(columns),
                    static_cast<blasint>(p.inner), 1.0f, p.a.fromRow(row), static_cast<blasint>(p.a.columns),
                    p.b.fromColumn(column), static_cast<blasint>(p.b.columns), p.accumulate ? 1.0f : 0.0f,
                    p.c + row * p.stride + column, static_cast<blasint>(p.stride));
}

}  // namespace thaw
