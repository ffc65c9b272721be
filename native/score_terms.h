// Attention score terms besides the product of query and key: terms that depend on the distance of two tokens (Dai et
// al. 2019, arXiv:1901.02860; He et al. 2020, arXiv:2006.03654; Raffel et al. 2019, arXiv:1910.10683), and on whether
// they are of the same segment (Yang et al. 2019, arXiv:1906.08237). i is the query's token, j the key's.
#pragma once
#include "head_place.h"

namespace thaw {

// The terms of all heads; null where there is none. A table's rows are for the distances of the longest example, `longest`.
struct ScoreTerms {
  const float* byQuery;       // [2 * longest, hidden], by longest - 1 - i + j: q_i . t
  const float* byKey;         // [2 * longest, hidden], by longest - 1 + i - j: k_j . t
  const float* byDistance;    // [2 * longest, heads], by longest - 1 - i + j
  const float* otherSegment;  // [hidden]: q_i . t where the segments of i and j differ
  const float* segmentBias;   // [heads]: there as well
  int64_t longest;
};

// Queries that are worked on together, and all the keys that any of them sees.
struct Block {
  int64_t first;     // its first query's row
  int64_t rows;
  int64_t position;  // its first query's place in the example
  int64_t firstKey;
  int64_t keys;

  int64_t stride() const { return padded(keys); }  // between rows of scores
};

// A table as one head reads it.
struct DistanceTable {
  const float* rows = nullptr;        // [2 * longest, padded(width)]
  const float* transposed = nullptr;  // [width, transposedStride(2 * longest)]
};

// Sums of gradients over examples, as one head writes them; null where not wanted.
struct TermSums {
  float* byQuery;       // [2 * longest, padded(width)]
  float* byKey;
  float* byDistance;    // [2 * longest]
  float* otherSegment;  // [padded(width)]
  float* segmentBias;   // [1]
};

// The terms of one head, copied for products. A score by distance is a product of a few neighbouring rows, since what
// they need of the table lies together: the product holds it in lines that are one value apart.
class HeadTerms {
 public:
  HeadTerms(const ScoreTerms& terms, const HeadPlace& place, int64_t head, int64_t heads, float factor, Workspace& space)
      : longest_(terms.longest), width_(place.width), stride_(padded(place.width)), factor_(factor),
        byQuery_(pack(terms.byQuery, place, space)), byKey_(pack(terms.byKey, place, space)) {
    if (terms.byDistance != nullptr) {
      float* column = space.take(2 * longest_);
      for (int64_t row = 0; row < 2 * longest_; ++row) column[row] = terms.byDistance[row * heads + head];
      byDistance_ = column;
    }
    if (terms.otherSegment == nullptr) return;
    float* row = space.take(stride_);
    std::fill(std::copy_n(terms.otherSegment + place.firstColumn, width_, row), row + stride_, 0.0f);
    otherSegment_ = row;
    segmentBias_ = terms.segmentBias[head];
  }

  bool readsKeys() const { return byKey_.rows != nullptr; }

  // Room that the two below need.
  static int64_t bufferSize(int64_t rows, int64_t keys) { return kGroup * padded(std::max(rows, keys) + kGroup - 1); }

  // Adds the terms to the scores [rows, block.stride()]. `q` are the block's queries times the factor, `k` the keys of the
  // example, both [.., padded(width)], `segments` those of the example.
  void add(const Block& block, const float* q, const float* k, const int32_t* segments, float* scores,
           float* buffer) const {
    if (byQuery_.rows != nullptr) {
      inGroups(block.rows, [&](int64_t i, int64_t size) {
        const int64_t lines = padded(block.keys + size - 1);
        product({q + i * stride_, stride_, 1}, transposedFrom(byQuery_, queryRow(block, i + size - 1)), buffer, size,
                width_, lines);
        for (int64_t r = 0; r < size; ++r) {
          addLine(buffer + r * lines + size - 1 - r, scores + (i + r) * block.stride(), block.keys);
        }
      });
    }
    if (byKey_.rows != nullptr) {
      inGroups(block.keys, [&](int64_t j, int64_t size) {
        const int64_t lines = padded(block.rows + size - 1);
        product({k + (block.firstKey + j) * stride_, stride_, 1}, transposedFrom(byKey_, keyRow(block, j + size - 1)),
                buffer, size, width_, lines);
        for (int64_t i = 0; i < block.rows; ++i) {
          float* row = scores + i * block.stride() + j;
          for (int64_t r = 0; r < size; ++r) row[r] += factor_ * buffer[r * (lines - 1) + size - 1 + i];
        }
      });
    }
    for (int64_t i = 0; i < block.rows; ++i) {
      float* row = scores + i * block.stride();
      if (byDistance_ != nullptr) addLine(byDistance_ + queryRow(block, i), row, block.keys);
      if (otherSegment_ == nullptr) continue;
      const float added = dot(q + i * stride_, otherSegment_, stride_) + segmentBias_;
      const int32_t own = segments[block.position + i];
      const int32_t* others = segments + block.firstKey;
#pragma omp simd
      for (int64_t j = 0; j < block.keys; ++j) row[j] += others[j] != own ? added : 0.0f;
    }
  }

  // Adds to the gradients of the block's queries (of these times the factor), of the example's keys and of the tables, out of
  // that of the scores.
  void addGradients(const Block& block, const float* q, const float* k, const int32_t* segments, const float* gradScores,
                    float* gradQ, float* gradK, const TermSums& sums, float* buffer) const {
    if (byQuery_.rows != nullptr) {
      inGroups(block.rows, [&](int64_t i, int64_t size) {
        const int64_t count = block.keys + size - 1;
        const int64_t lines = padded(count);
        std::fill(buffer, buffer + size * lines, 0.0f);
        for (int64_t r = 0; r < size; ++r) {
          std::copy_n(gradScores + (i + r) * block.stride(), block.keys, buffer + r * lines + size - 1 - r);
        }
        const int64_t row = queryRow(block, i + size - 1) * stride_;
        product({buffer, lines, 1}, {byQuery_.rows + row, stride_}, gradQ + i * stride_, size, count, stride_, true);
        if (sums.byQuery == nullptr) return;
        product({buffer, 1, lines}, {q + i * stride_, stride_}, sums.byQuery + row, count, size, stride_, true);
      });
    }
    if (byKey_.rows != nullptr) {
      inGroups(block.keys, [&](int64_t j, int64_t size) {
        const int64_t count = block.rows + size - 1;
        const int64_t lines = padded(count);
        std::fill(buffer, buffer + size * lines, 0.0f);
        for (int64_t i = 0; i < block.rows; ++i) {
          const float* row = gradScores + i * block.stride() + j;
          for (int64_t r = 0; r < size; ++r) buffer[r * (lines - 1) + size - 1 + i] = factor_ * row[r];
        }
        const int64_t row = keyRow(block, j + size - 1) * stride_;
        const int64_t key = (block.firstKey + j) * stride_;
        product({buffer, lines, 1}, {byKey_.rows + row, stride_}, gradK + key, size, count, stride_, true);
        if (sums.byKey == nullptr) return;
        product({buffer, 1, lines}, {k + key, stride_}, sums.byKey + row, count, size, stride_, true);
      });
    }
    for (int64_t i = 0; i < block.rows; ++i) {
      const float* row = gradScores + i * block.stride();
      if (sums.byDistance != nullptr) addLine(row, sums.byDistance + queryRow(block, i), block.keys);
      if (otherSegment_ == nullptr) continue;
      const int32_t own = segments[block.position + i];
      const int32_t* others = segments + block.firstKey;
      float sum = 0;
#pragma omp simd reduction(+ : sum)
      for (int64_t j = 0; j < block.keys; ++j) sum += others[j] != own ? row[j] : 0.0f;
      addLine(otherSegment_, gradQ + i * stride_, stride_, sum);
      if (sums.otherSegment != nullptr) addLine(q + i * stride_, sums.otherSegment, stride_, sum);
      if (sums.segmentBias != nullptr) *sums.segmentBias += sum;
    }
  }

 private:
  static constexpr int64_t kGroup = 6;  // rows at a time: the tile of a product

  DistanceTable pack(const float* table, const HeadPlace& place, Workspace& space) const {
    if (table == nullptr) return {};
    const HeadPlace whole{0, 2 * longest_, place.firstColumn, width_, place.hidden, 0, 0};
    float* rows = space.take(2 * longest_ * stride_);
    float* transposed = space.take(width_ * transposedStride(2 * longest_));
    packHead(table, whole, rows);
    packTransposed(table, whole, transposed);
    return {rows, transposed};
  }

  // Row of the table for the i-th query, or the j-th key, and the first key, or query, of the block.
  int64_t queryRow(const Block& block, int64_t i) const { return longest_ - 1 - (block.position + i) + block.firstKey; }
  int64_t keyRow(const Block& block, int64_t j) const { return longest_ - 1 + block.position - (block.firstKey + j); }

  Right transposedFrom(const DistanceTable& table, int64_t row) const {
    return {table.transposed + row, transposedStride(2 * longest_)};
  }

  template <typename Work>
  static void inGroups(int64_t count, const Work& work) {
    for (int64_t first = 0; first < count; first += kGroup) work(first, std::min(kGroup, count - first));
  }

  static void addLine(const float* from, float* to, int64_t count, float factor = 1.0f) {
#pragma omp simd
    for (int64_t j = 0; j < count; ++j) to[j] += from[j] * factor;
  }

  static float dot(const float* a, const float* b, int64_t count) {
    float sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t j = 0; j < count; ++j) sum += a[j] * b[j];
    return sum;
  }

  const int64_t longest_;
  const int64_t width_;
  const int64_t stride_;  // between rows of queries, keys and tables
  const float factor_;
  const DistanceTable byQuery_;
  const DistanceTable byKey_;
  const float* byDistance_ = nullptr;
  const float* otherSegment_ = nullptr;
  float segmentBias_ = 0;
};

}  // namespace thaw
