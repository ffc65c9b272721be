// The location of one head of one example in packed matrices, and copies of it for the products.
#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

#include "small_product.h"

namespace thaw {

// Where one head of one example lies in the packed matrices [tokens, hidden].
struct HeadPlace {
  int64_t firstToken;
  int64_t length;
  int64_t firstColumn;
  int64_t width;
  int64_t hidden;
  int64_t position;  // in its example, of the first token
  uint64_t maskRow;  // number of its first row among the rows of all masks of the site

  int64_t offset(int64_t token) const { return (firstToken + token) * hidden + firstColumn; }
};

// Distance between the rows of a transposed copy: `padded(n)` values can be read from any of its `length - n` first ones on.
inline int64_t transposedStride(int64_t length) { return padded(length + kColumns - 1); }

// Copies a head out of a packed matrix into [length, padded(width)], times `factor`, padding zero.
inline void packHead(const float* packed, const HeadPlace& place, float* head, float factor = 1.0f) {
  const int64_t stride = padded(place.width);
  for (int64_t i = 0; i < place.length; ++i) {
    const float* from = packed + place.offset(i);
    float* to = head + i * stride;
#pragma omp simd
    for (int64_t j = 0; j < place.width; ++j) to[j] = from[j] * factor;
    std::fill(to + place.width, to + stride, 0.0f);
  }
}

// The same transposed, into [width, transposedStride(length)].
inline void packTransposed(const float* packed, const HeadPlace& place, float* head) {
  const int64_t stride = transposedStride(place.length);
  for (int64_t i = 0; i < place.length; ++i) {
    const float* from = packed + place.offset(i);
    for (int64_t j = 0; j < place.width; ++j) head[j * stride + i] = from[j];
  }
  for (int64_t j = 0; j < place.width; ++j) std::fill(head + j * stride + place.length, head + (j + 1) * stride, 0.0f);
}

// Copies [rows, padded(width)] into the place of tokens from `first` on, times `factor`.
inline void unpackHead(const float* head, const HeadPlace& place, int64_t first, int64_t rows, float* packed,
                       float factor = 1.0f) {
  const int64_t stride = padded(place.width);
  for (int64_t i = 0; i < rows; ++i) {
    float* to = packed + place.offset(first + i);
#pragma omp simd
    for (int64_t j = 0; j < place.width; ++j) to[j] = head[i * stride + j] * factor;
  }
}

// Memory of one thread, reused from head to head.
class Workspace {
 public:
  float* take(int64_t size) {
    if (used_ == blocks_.size()) blocks_.emplace_back();
    std::vector<float>& block = blocks_[used_++];
    if (static_cast<int64_t>(block.size()) < size) block.resize(static_cast<size_t>(size));
    return block.data();
  }
  void reset() { used_ = 0; }

 private:
  std::vector<std::vector<float>> blocks_;
  size_t used_ = 0;
};

}  // namespace thaw
