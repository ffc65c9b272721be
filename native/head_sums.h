// Sums over texts that belong to a head, such as the gradient of a table that all texts read.
#pragma once
#include "packed_texts.h"

namespace thaw {
namespace {

// One sum [rows, width] for each unit of `PackedTexts`.
class HeadSums {
 public:
  HeadSums(int64_t rows, int64_t width, int64_t stride) : rows_(rows), width_(width), stride_(stride) {}

  void reserve(int64_t units) { sums_.assign(static_cast<size_t>(units * rows_ * stride_), 0.0f); }

  // Where a unit adds to its sum, [rows, stride]; null unless reserved.
  float* of(int64_t unit) { return sums_.empty() ? nullptr : sums_.data() + unit * rows_ * stride_; }

  // The sum over the units of each head, in their order, into [rows, heads * width]; nothing where `to` is null.
  void write(OpKernelContext* context, int64_t heads, float* to) const {
    if (to == nullptr) return;
    const int64_t size = heads * rows_ * stride_;  // of all heads of the same texts
    const int64_t groups = static_cast<int64_t>(sums_.size()) / size;
    parallel(context, rows_, heads * width_ * groups / 4, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        for (int64_t head = 0; head < heads; ++head) {
          const float* from = sums_.data() + (head * rows_ + row) * stride_;
          float* sum = to + (row * heads + head) * width_;
          std::copy_n(from, width_, sum);
          for (int64_t group = 1; group < groups; ++group) {
#pragma omp simd
            for (int64_t j = 0; j < width_; ++j) sum[j] += from[group * size + j];
          }
        }
      }
    });
  }

 private:
  const int64_t rows_;
  const int64_t width_;
  const int64_t stride_;
  std::vector<float> sums_;
};

}  // namespace
}  // namespace thaw
