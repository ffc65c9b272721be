// How the heads of packed texts are told from each other, and in which parts the work on them is done.
#pragma once
#include "head_place.h"
#include "kernel.h"

namespace thaw {
namespace {

// Texts of a batch in matrices [tokens, hidden]. There are queries for all tokens, or, in a matrix of one row for each
// text, for the first or the last tokens only.
class PackedTexts {
 public:
  template <typename Lengths>
  PackedTexts(const Lengths& lengths, const TensorShape& shape, int64_t queries, int heads, bool last,
              bool readsTables)
      : tokens_(shape.dim_size(0)), hidden_(shape.dim_size(1)), queries_(queries), heads_(heads), last_(last),
        mostGroups_(readsTables ? kGroups : lengths.size()) {
    for (int64_t text = 0; text < lengths.size(); ++text) {
      firstTokens_.push_back(sum_);
      lengths_.push_back(lengths(text));
      sum_ += lengths(text);
      longest_ = std::max<int64_t>(longest_, lengths(text));
      pairs_ += static_cast<int64_t>(lengths(text)) * (asksAll() ? lengths(text) : 1);
    }
  }

  int64_t tokens() const { return tokens_; }
  int64_t hidden() const { return hidden_; }
  int64_t longest() const { return longest_; }

  bool check(OpKernelContext* context) const {
    if (sum_ != tokens_) {
      context->CtxFailure(absl::InvalidArgumentError("the lengths do not add up to the number of tokens"));
    } else if (!asksAll() && queries_ != count()) {
      context->CtxFailure(absl::InvalidArgumentError("there is neither a query for each token nor one for each text"));
    }
    return context->status().ok();
  }

  // A unit is one head of a text, or, where there are tables, of some neighbouring texts, which one thread goes through in
  // order. How many units there are depends on the batch alone: so do the sums over texts, to the last bit.
  int64_t units() const { return groups() * heads_; }
  int64_t headOf(int64_t unit) const { return unit % heads_; }
  int64_t firstOf(int64_t unit) const { return unit / heads_ * count() / std::max<int64_t>(1, groups()); }
  int64_t costOfUnit() const { return pairs_ * (hidden_ / heads_) / std::max<int64_t>(1, groups()); }

  HeadPlace place(int64_t text, int64_t head) const {
    const int64_t first = firstTokens_[static_cast<size_t>(text)];
    const int64_t length = lengths_[static_cast<size_t>(text)];
    const int64_t width = hidden_ / heads_;
    return {first, length, head * width, width, hidden_, 0, static_cast<uint64_t>(first * heads_ + head * length)};
  }

  // Of the queries.
  HeadPlace queryRows(int64_t text, int64_t head) const {
    HeadPlace queryRows = place(text, head);
    if (asksAll()) return queryRows;
    queryRows.position = last_ ? queryRows.length - 1 : 0;
    queryRows.maskRow += static_cast<uint64_t>(queryRows.position);
    queryRows.firstToken = text;
    queryRows.length = 1;
    return queryRows;
  }

 private:
  static constexpr int64_t kGroups = 4;

  int64_t count() const { return static_cast<int64_t>(lengths_.size()); }
  int64_t groups() const { return std::min(count(), mostGroups_); }
  bool asksAll() const { return queries_ == tokens_; }

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

}  // namespace
}  // namespace thaw
