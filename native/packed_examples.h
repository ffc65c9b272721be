// The layout of heads in packed examples, the division of the work on them into tasks, and sums per head over examples.
#pragma once
#include "head_place.h"
#include "kernel.h"

namespace thaw {
namespace {

// The examples of a batch in matrices [tokens, hidden]. There are queries for all tokens, or, in a matrix of one row for each
// example, for the first or the last tokens only.
class PackedExamples {
 public:
  template <typename Lengths>
  PackedExamples(const Lengths& lengths, const TensorShape& shape, int64_t queries, int heads, bool last,
              bool readsTables)
      : tokens_(shape.dim_size(0)), hidden_(shape.dim_size(1)), queries_(queries), heads_(heads), last_(last),
        mostGroups_(readsTables ? kGroups : lengths.size()) {
    for (int64_t example = 0; example < lengths.size(); ++example) {
      firstTokens_.push_back(sum_);
      lengths_.push_back(lengths(example));
      sum_ += lengths(example);
      longest_ = std::max<int64_t>(longest_, lengths(example));
      pairs_ += static_cast<int64_t>(lengths(example)) * (queriesAll() ? lengths(example) : 1);
    }
  }

  int64_t tokens() const { return tokens_; }
  int64_t hidden() const { return hidden_; }
  int64_t longest() const { return longest_; }

  bool check(OpKernelContext* context) const {
    if (sum_ != tokens_) {
      context->CtxFailure(absl::InvalidArgumentError("the lengths do not add up to the number of tokens"));
    } else if (!queriesAll() && queries_ != count()) {
      context->CtxFailure(absl::InvalidArgumentError("there is neither a query for each token nor one for each text"));
    }
    return context->status().ok();
  }

  // A unit is one head of an example, or, where there are tables, of some neighbouring examples, which one thread goes through
  // in order. How many units there are depends on the batch alone: so do the sums over examples, to the last bit.
  int64_t units() const { return groups() * heads_; }
  int64_t headOf(int64_t unit) const { return unit % heads_; }
  int64_t firstOf(int64_t unit) const { return unit / heads_ * count() / std::max<int64_t>(1, groups()); }
  int64_t costOfUnit() const { return pairs_ * (hidden_ / heads_) / std::max<int64_t>(1, groups()); }

  HeadPlace place(int64_t example, int64_t head) const {
    const int64_t first = firstTokens_[static_cast<size_t>(example)];
    const int64_t length = lengths_[static_cast<size_t>(example)];
    const int64_t width = hidden_ / heads_;
    return {first, length, head * width, width, hidden_, 0, static_cast<uint64_t>(first * heads_ + head * length)};
  }

  // Where the queries of a head lie.
  HeadPlace queryRows(int64_t example, int64_t head) const {
    HeadPlace queryRows = place(example, head);
    if (queriesAll()) return queryRows;
    queryRows.position = last_ ? queryRows.length - 1 : 0;
    queryRows.maskRow += static_cast<uint64_t>(queryRows.position);
    queryRows.firstToken = example;
    queryRows.length = 1;
    return queryRows;
  }

 private:
  static constexpr int64_t kGroups = 4;

  int64_t count() const { return static_cast<int64_t>(lengths_.size()); }
  int64_t groups() const { return std::min(count(), mostGroups_); }
  bool queriesAll() const { return queries_ == tokens_; }

  const int64_t tokens_;
  const int64_t hidden_;
  const int64_t queries_;
  const int64_t heads_;
  const bool last_;
  const int64_t mostGroups_;
  std::vector<int64_t> lengths_;
  std::vector<int64_t> firstTokens_;
  int64_t sum_ = 0;
  int64_t longest_ = 0;
  int64_t pairs_ = 0;
};

// One sum [rows, width] for each unit of `PackedExamples`, such as the gradient of a table that all examples read.
class HeadSums {
 public:
  struct Size {
    int64_t rows;
    int64_t width;
    int64_t stride;  // between rows of a unit's sum
  };

  // Nothing is summed where `to`, [rows, heads * width], is null.
  HeadSums(float* to, const Size& size, int64_t units)
      : to_(to), size_(size), sums_(static_cast<size_t>(to == nullptr ? 0 : units * size.rows * size.stride), 0.0f) {}

  // Where a unit adds to its sum, [rows, stride]; null where nothing is summed.
  float* of(int64_t unit) { return to_ == nullptr ? nullptr : sums_.data() + unit * size_.rows * size_.stride; }

  // Writes the sum over the units of each head, in their order.
  void write(OpKernelContext* context, int64_t heads) const {
    if (to_ == nullptr) return;
    const int64_t width = size_.width;
    const int64_t stride = size_.stride;
    const int64_t ofGroup = heads * size_.rows * stride;  // all heads of the same examples
    const int64_t groups = static_cast<int64_t>(sums_.size()) / ofGroup;
    parallel(context, size_.rows, heads * width * groups / 4, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        for (int64_t head = 0; head < heads; ++head) {
          const float* from = sums_.data() + (head * size_.rows + row) * stride;
          float* sum = to_ + (row * heads + head) * width;
          std::copy_n(from, width, sum);
          for (int64_t group = 1; group < groups; ++group) {
#pragma omp simd
            for (int64_t j = 0; j < width; ++j) sum[j] += from[group * ofGroup + j];
          }
        }
      }
    });
  }

 private:
  float* const to_;
  const Size size_;
  std::vector<float> sums_;
};

}  // namespace
}  // namespace thaw
