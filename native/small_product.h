// Products of matrices that fit into a core's cache, such as those of one head of one example.
#pragma once
#include <cstdint>
#include <cstring>

namespace thaw {

typedef float Vector __attribute__((vector_size(32)));
constexpr int64_t kVector = 8;
constexpr int64_t kColumns = 2 * kVector;  // columns of a tile; right-hand sides are padded to a multiple

inline int64_t padded(int64_t size) { return (size + kColumns - 1) / kColumns * kColumns; }

inline Vector loadVector(const float* from) {
  Vector value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

// A matrix whose element (row, column) lies at data[row * rowStride + column * columnStride].
struct Left {
  const float* data;
  int64_t rowStride;
  int64_t columnStride;
};

// A matrix whose rows lie `rowStride` apart, padded to a multiple of kColumns.
struct Right {
  const float* data;
  int64_t rowStride;
};

template <int Rows>
inline void tile(const Left& a, int64_t row, const Right& b, int64_t column, float* c, int64_t inner, int64_t width,
                 bool accumulate) {
  Vector sums[Rows][2];
  for (int r = 0; r < Rows; ++r) {
    const float* start = c + (row + r) * width + column;
    sums[r][0] = accumulate ? loadVector(start) : Vector{};
    sums[r][1] = accumulate ? loadVector(start + kVector) : Vector{};
  }
  const float* left = a.data + row * a.rowStride;
  const float* right = b.data + column;
  for (int64_t k = 0; k < inner; ++k) {
    const Vector right0 = loadVector(right);
    const Vector right1 = loadVector(right + kVector);
    for (int r = 0; r < Rows; ++r) {
      const float value = left[r * a.rowStride];
      sums[r][0] += value * right0;
      sums[r][1] += value * right1;
    }
    left += a.columnStride;
    right += b.rowStride;
  }
  for (int r = 0; r < Rows; ++r) std::memcpy(c + (row + r) * width + column, sums[r], sizeof(sums[r]));
}

// `c [rows, width] = a [rows, inner] b [inner, width]`, or added to `c`; `width` is a multiple of kColumns.
inline void product(const Left& a, const Right& b, float* c, int64_t rows, int64_t inner, int64_t width,
                    bool accumulate = false) {
  for (int64_t column = 0; column < width; column += kColumns) {
    int64_t row = 0;
    for (; row + 6 <= rows; row += 6) tile<6>(a, row, b, column, c, inner, width, accumulate);
    for (; row + 2 <= rows; row += 2) tile<2>(a, row, b, column, c, inner, width, accumulate);
    if (row < rows) tile<1>(a, row, b, column, c, inner, width, accumulate);
  }
}

}  // namespace thaw
