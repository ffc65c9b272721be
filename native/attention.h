// Scaled dot-product attention of one head of one example, and its gradient (Vaswani et al. 2017, arXiv:1706.03762).
#pragma once
#include <cmath>

#include "dropout.h"
#include "score_terms.h"
#include "vector_math.h"

namespace thaw {

constexpr int64_t kQueries = 48;  // queries at a time: their scores stay in cache whatever the length

// One head of one example. Keys and values are read where `place` says, queries where `queryRows` does.
struct Head {
  HeadPlace place;
  HeadPlace queryRows;  // where the queries lie: in the place itself, or, one for each example, in a matrix of their own
  const HeadTerms& terms;
  const int32_t* segments;  // of the example; null without segments
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

// Packed matrices [tokens, hidden]; with one query for each example, theirs is [batch, hidden].
struct QueryKeyValue {
  const float* query;
  const float* key;
  const float* value;
};

inline void attendHead(const QueryKeyValue& rows, const Head& head, const Dropout& site, float* context,
                       Workspace& space) {
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
  packHead(rows.query, queryRows, q, factor);
  if (terms.readsKeys()) packHead(rows.key, place, k);
  packTransposed(rows.key, place, kT);
  packHead(rows.value, place, v);
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

// Where the gradients of query, key and value go, in the shape of each.
struct AttentionGradients {
  float* query;
  float* key;
  float* value;
};

// The probabilities are computed again: nothing of size [length, length] is kept between the passes.
inline void attendHeadGradient(const float* gradOutput, const QueryKeyValue& inputs, const Head& head, const Dropout& site,
                               const AttentionGradients& gradients, const TermSums& sums, Workspace& space) {
  const auto& [place, queryRows, terms, segments, factor, window] = head;
  const int64_t length = place.length;
  const int64_t width = padded(place.width);
  const int64_t transposed = transposedStride(length);
  space.reset();
  float* q = space.take(queryRows.length * width);
  float* k = space.take(length * width);
  float* kT = space.take(place.width * transposed);
  float* vT = space.take(place.width * transposed);
  float* gradO = space.take(queryRows.length * width);
  float* scores = space.take(kQueries * padded(length));
  float* gradScores = space.take(kQueries * padded(length));
  float* gradQ = space.take(kQueries * width);
  float* gradK = space.take(length * width);
  float* gradV = space.take(length * width);
  float* buffer = space.take(HeadTerms::bufferSize(kQueries, length));
  packHead(inputs.query, queryRows, q, factor);
  packHead(inputs.key, place, k);
  packTransposed(inputs.key, place, kT);
  packTransposed(inputs.value, place, vT);
  packHead(gradOutput, queryRows, gradO);
  std::fill(gradK, gradK + length * width, 0.0f);
  std::fill(gradV, gradV + length * width, 0.0f);
  for (int64_t first = 0; first < queryRows.length; first += kQueries) {
    const Block block = head.block(first);
    const int64_t rows = block.rows;
    const int64_t keys = block.keys;
    const int64_t stride = block.stride();
    const int64_t key = block.firstKey * width;
    const float* query = q + first * width;
    const float* gradBlock = gradO + first * width;
    product({query, width, 1}, {kT + block.firstKey, transposed}, scores, rows, place.width, stride);
    product({gradBlock, width, 1}, {vT + block.firstKey, transposed}, gradScores, rows, place.width, stride);
    terms.add(block, query, k, segments, scores, buffer);
    softmaxBlock(scores, block, window);
    dropBlock(gradScores, block, queryRows, site);
    for (int64_t i = 0; i < rows; ++i) {
      const float* p = scores + i * stride;
      float* d = gradScores + i * stride;
      float along = 0;
#pragma omp simd reduction(+ : along)
      for (int64_t j = 0; j < keys; ++j) along += p[j] * d[j];
      // softmax: dS = P * (dP - sum(dP * P))
#pragma omp simd
      for (int64_t j = 0; j < keys; ++j) d[j] = p[j] * (d[j] - along);
    }
    dropBlock(scores, block, queryRows, site);
    product({gradScores, stride, 1}, {k + key, width}, gradQ, rows, keys, width);
    product({gradScores, 1, stride}, {query, width}, gradK + key, keys, rows, width, true);  // the queries hold the factor
    product({scores, 1, stride}, {gradBlock, width}, gradV + key, keys, rows, width, true);
    terms.addGradients(block, query, k, segments, gradScores, gradQ, gradK, sums, buffer);
    unpackHead(gradQ, queryRows, first, rows, gradients.query, factor);
  }
  unpackHead(gradK, place, 0, length, gradients.key);
  unpackHead(gradV, place, 0, length, gradients.value);
}

}  // namespace thaw
