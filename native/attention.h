// Scaled dot-product attention of one head of one text, and its gradient (Vaswani et al. 2017, arXiv:1706.03762).
#pragma once
#include <cmath>

#include "dropout.h"
#include "score_terms.h"
#include "vector_math.h"

namespace thaw {

constexpr int64_t kQueries = 48;  // queries at a time: their scores stay in cache whatever the length

// One head of one text, or of its part that asks. A packed operand is read where `place` or `queryRows` says.
struct Head {
  HeadPlace place;
  HeadPlace queryRows;  // where the queries lie: in the place itself, or, one for each text, in a matrix of their own
  const HeadTerms& terms;
  const int32_t* segments;  // of the text; null without segments
  float factor;             // of all products of two rows
  int64_t window;           // a token sees those at most so many places away

  Block block(int64_t first) const {
    const int64_t rows = std::min(kQueries, queryRows.length - first);
    const int64_t position = queryRows.position + first;
    const int64_t firstKey = std::max<int64_t>(0, position - window);
    return {first, rows, position, firstKey, std::min(place.length, position + rows + window) - firstKey};
  }
};

// A row of scores becomes probabilities; those of keys outside [begin, end) become zero.
inline void softmaxRow(float* row, int64_t begin, int64_t end, int64_t stride) {
  float highest = row[begin];
#pragma omp simd reduction(max : highest)
  for (int64_t j = begin; j < end; ++j) highest = row[j] > highest ? row[j] : highest;
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t j = begin; j < end; ++j) {
    row[j] = exponential(row[j] - highest);
    sum += row[j];
  }
  const float inverse = 1.0f / sum;
#pragma omp simd
  for (int64_t j = begin; j < end; ++j) row[j] *= inverse;
  std::fill(row, row + begin, 0.0f);
  std::fill(row + end, row + stride, 0.0f);
}

// The scores of a block become probabilities, each token with its own window.
inline void softmaxBlock(float* scores, const Block& block, int64_t window) {
  for (int64_t i = 0; i < block.rows; ++i) {
    const int64_t key = block.position + i - block.firstKey;
    softmaxRow(scores + i * block.stride(), std::max<int64_t>(0, key - window), std::min(block.keys, key + window + 1),
               block.stride());
  }
}

// Drops out of [rows, block.stride()]; nothing at a rate of 0.
inline void dropBlock(float* x, const Block& block, const HeadPlace& queryRows, const Dropout& site) {
  if (site.rate == 0) return;
  for (int64_t i = 0; i < block.rows; ++i) {
    float* row = x + i * block.stride();
    dropRow(row, row, block.keys, site, queryRows.maskRow + static_cast<uint64_t>(block.first + i), block.firstKey);
  }
}

inline void attendHead(const float* query, const float* key, const float* value, const Head& head, const Dropout& site,
                       float* context, Workspace& space) {
  const auto& [place, queryRows, terms, segments, factor, window] = head;
  const int64_t length = place.length;
  const int64_t width = padded(place.width);
  const int64_t transposed = transposedStride(length);
  space.reset();
  float* q = space.take(queryRows.length * width);
  float* k = space.take(length * width);
  float* kT = space.take(place.width * transposed);
  float* v = space.take(length * width);
  float* scores = space.take(kQueries * padded(length));
  float* output = space.take(kQueries * width);
  float* buffer = space.take(HeadTerms::bufferSize(kQueries, length));
  packHead(query, queryRows, q, factor);
  if (terms.readsKeys()) packHead(key, place, k);
  packTransposed(key, place, kT);
  packHead(value, place, v);
  for (int64_t first = 0; first < queryRows.length; first += kQueries) {
    const Block block = head.block(first);
    const int64_t stride = block.stride();
    product({q + first * width, width, 1}, {kT + block.firstKey, transposed}, scores, block.rows, place.width, stride);
    terms.add(block, q + first * width, k, segments, scores, buffer);
    softmaxBlock(scores, block, window);
    dropBlock(scores, block, queryRows, site);
    product({scores, stride, 1}, {v + block.firstKey * width, width}, output, block.rows, block.keys, width);
    unpackHead(output, queryRows, first, block.rows, context);
  }
}

struct AttentionGradients {
  float* query;
  float* key;
  float* value;
};

// The probabilities are computed again: nothing of size [length, length] is kept between the passes.
inline void attendHeadGradient(const float* dContext, const float* query, const float* key, const float* value,
                               const Head& head, const Dropout& site, const AttentionGradients& gradients,
                               const TermSums& sums, Workspace& space) {
  const auto& [place, queryRows, terms, segments, factor, window] = head;
  const int64_t length = place.length;
  const int64_t width = padded(place.width);
  const int64_t transposed = transposedStride(length);
  space.reset();
  float* q = space.take(queryRows.length * width);
  float* k = space.take(length * width);
  float* kT = space.take(place.width * transposed);
  float* vT = space.take(place.width * transposed);
  float* dy = space.take(queryRows.length * width);
  float* scores = space.take(kQueries * padded(length));
  float* dScores = space.take(kQueries * padded(length));
  float* dq = space.take(kQueries * width);
  float* dk = space.take(length * width);
  float* dv = space.take(length * width);
  float* buffer = space.take(HeadTerms::bufferSize(kQueries, length));
  packHead(query, queryRows, q, factor);
  packHead(key, place, k);
  packTransposed(key, place, kT);
  packTransposed(value, place, vT);
  packHead(dContext, queryRows, dy);
  std::fill(dk, dk + length * width, 0.0f);
  std::fill(dv, dv + length * width, 0.0f);
  for (int64_t first = 0; first < queryRows.length; first += kQueries) {
    const Block block = head.block(first);
    const int64_t rows = block.rows;
    const int64_t keys = block.keys;
    const int64_t stride = block.stride();
    const int64_t key = block.firstKey * width;
    const float* asked = q + first * width;
    const float* answered = dy + first * width;
    product({asked, width, 1}, {kT + block.firstKey, transposed}, scores, rows, place.width, stride);
    product({answered, width, 1}, {vT + block.firstKey, transposed}, dScores, rows, place.width, stride);
    terms.add(block, asked, k, segments, scores, buffer);
    softmaxBlock(scores, block, window);
    dropBlock(dScores, block, queryRows, site);
    for (int64_t i = 0; i < rows; ++i) {
      const float* p = scores + i * stride;
      float* d = dScores + i * stride;
      float along = 0;
#pragma omp simd reduction(+ : along)
      for (int64_t j = 0; j < keys; ++j) along += p[j] * d[j];
      // softmax: dS = P * (dP - sum(dP * P))
#pragma omp simd
      for (int64_t j = 0; j < keys; ++j) d[j] = p[j] * (d[j] - along);
    }
    dropBlock(scores, block, queryRows, site);
    product({dScores, stride, 1}, {k + key, width}, dq, rows, keys, width);
    product({dScores, 1, stride}, {asked, width}, dk + key, keys, rows, width, true);  // the queries hold the factor
    product({scores, 1, stride}, {answered, width}, dv + key, keys, rows, width, true);
    terms.addGradients(block, asked, k, segments, dScores, dq, dk, sums, buffer);
    unpackHead(dq, queryRows, first, rows, gradients.query, factor);
  }
  unpackHead(dk, place, 0, length, gradients.key);
  unpackHead(dv, place, 0, length, gradients.value);
}

}  // namespace thaw
