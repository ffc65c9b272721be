// Scaled dot-product attention of one head of one text, and its gradient (Vaswani et al. 2017, arXiv:1706.03762).
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "dropout.h"
#include "small_product.h"
#include "vector_math.h"

namespace thaw {

// Where one head of one text lies in the packed matrices [tokens, hidden].
struct HeadPlace {
  int64_t firstToken;
  int64_t length;
  int64_t firstColumn;
  int64_t width;
  int64_t hidden;
  uint64_t maskRow;  // number of its first row among the rows of all masks of the site

  int64_t offset(int64_t token) const { return (firstToken + token) * hidden + firstColumn; }
};

constexpr int64_t kQueries = 48;  // queries at a time: their scores stay in cache whatever the length

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

// The same transposed, into [width, padded(length)].
inline void packTransposed(const float* packed, const HeadPlace& place, float* head) {
  const int64_t stride = padded(place.length);
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

// A row of scores becomes probabilities; what lies past `length` becomes zero.
inline void softmaxRow(float* row, int64_t length, int64_t stride) {
  float highest = row[0];
#pragma omp simd reduction(max : highest)
  for (int64_t j = 0; j < length; ++j) highest = row[j] > highest ? row[j] : highest;
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t j = 0; j < length; ++j) {
    row[j] = exponential(row[j] - highest);
    sum += row[j];
  }
  const float inverse = 1.0f / sum;
#pragma omp simd
  for (int64_t j = 0; j < length; ++j) row[j] *= inverse;
  std::fill(row + length, row + stride, 0.0f);
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

// `asking` = where the queries lie: in the place of the text itself, or, where only its first token asks, in another matrix.
inline void attendHead(const float* query, const float* key, const float* value, const HeadPlace& place,
                       const HeadPlace& asking, const Dropout& site, float* context, Workspace& space) {
  const int64_t length = place.length;
  const int64_t width = padded(place.width);
  const int64_t keys = padded(length);
  space.reset();
  float* q = space.take(asking.length * width);
  float* kT = space.take(place.width * keys);
  float* v = space.take(length * width);
  float* scores = space.take(kQueries * keys);
  float* output = space.take(kQueries * width);
  packHead(query, asking, q, 1.0f / std::sqrt(static_cast<float>(place.width)));
  packTransposed(key, place, kT);
  packHead(value, place, v);
  for (int64_t first = 0; first < asking.length; first += kQueries) {
    const int64_t rows = std::min(kQueries, asking.length - first);
    product({q + first * width, width, 1}, kT, scores, rows, place.width, keys);
    for (int64_t i = 0; i < rows; ++i) {
      float* row = scores + i * keys;
      softmaxRow(row, length, keys);
      if (site.rate > 0) dropRow(row, row, length, site, place.maskRow + static_cast<uint64_t>(first + i));
    }
    product({scores, keys, 1}, v, output, rows, length, width);
    unpackHead(output, asking, first, rows, context);
  }
}

struct AttentionGradients {
  float* query;
  float* key;
  float* value;
};

// The probabilities are computed again: nothing of size [length, length] is kept between the passes.
inline void attendHeadGradient(const float* dContext, const float* query, const float* key, const float* value,
                               const HeadPlace& place, const HeadPlace& asking, const Dropout& site,
                               const AttentionGradients& gradients, Workspace& space) {
  const int64_t length = place.length;
  const int64_t width = padded(place.width);
  const int64_t keys = padded(length);
  const float factor = 1.0f / std::sqrt(static_cast<float>(place.width));
  space.reset();
  float* q = space.take(asking.length * width);
  float* k = space.take(length * width);
  float* kT = space.take(place.width * keys);
  float* vT = space.take(place.width * keys);
  float* dy = space.take(asking.length * width);
  float* scores = space.take(kQueries * keys);
  float* dScores = space.take(kQueries * keys);
  float* dq = space.take(kQueries * width);
  float* dk = space.take(length * width);
  float* dv = space.take(length * width);
  packHead(query, asking, q, factor);
  packHead(key, place, k);
  packTransposed(key, place, kT);
  packTransposed(value, place, vT);
  packHead(dContext, asking, dy);
  for (int64_t first = 0; first < asking.length; first += kQueries) {
    const int64_t rows = std::min(kQueries, asking.length - first);
    product({q + first * width, width, 1}, kT, scores, rows, place.width, keys);
    product({dy + first * width, width, 1}, vT, dScores, rows, place.width, keys);
    for (int64_t i = 0; i < rows; ++i) {
      float* p = scores + i * keys;
      float* d = dScores + i * keys;
      const uint64_t maskRow = place.maskRow + static_cast<uint64_t>(first + i);
      softmaxRow(p, length, keys);
      if (site.rate > 0) dropRow(d, d, length, site, maskRow);
      float along = 0;
#pragma omp simd reduction(+ : along)
      for (int64_t j = 0; j < length; ++j) along += p[j] * d[j];
      // softmax: dS = P * (dP - sum(dP * P))
#pragma omp simd
      for (int64_t j = 0; j < length; ++j) d[j] = p[j] * (d[j] - along);
      if (site.rate > 0) dropRow(p, p, length, site, maskRow);
    }
    product({dScores, keys, 1}, k, dq, rows, length, width);
    unpackHead(dq, asking, first, rows, gradients.query, factor);
    const bool accumulate = first > 0;
    product({dScores, 1, keys}, q + first * width, dk, length, rows, width, accumulate);  // q holds the factor
    product({scores, 1, keys}, dy + first * width, dv, length, rows, width, accumulate);
  }
  unpackHead(dk, place, 0, length, gradients.key);
  unpackHead(dv, place, 0, length, gradients.value);
}

}  // namespace thaw
