// Attention of texts packed one after the other as an op, and its gradient. An empty input is a term that is absent.
#pragma once
#include "attention.h"
#include "head_sums.h"
#include "packed_texts.h"

namespace thaw {
namespace {

#define THAW_ATTENTION_INPUTS                                                                                       \
  Input("query: float").Input("key: float").Input("value: float").Input("lengths: int32").Input("seed: int32")      \
      .Input("by_query: float").Input("by_key: float").Input("by_distance: float").Input("other_segment: float")    \
      .Input("segment_bias: float").Input("segments: int32")
#define THAW_ATTENTION_ATTRIBUTES \
  Attr("heads: int").Attr("rate: float").Attr("factor: float").Attr("window: int").Attr("last: bool")

REGISTER_OP("ThawAttention").THAW_ATTENTION_INPUTS.Output("context: float").THAW_ATTENTION_ATTRIBUTES;
REGISTER_OP("ThawAttentionGrad")
    .THAW_ATTENTION_INPUTS.Input("d_context: float")
    .Output("d_query: float").Output("d_key: float").Output("d_value: float")
    .Output("d_by_query: float").Output("d_by_key: float").Output("d_by_distance: float")
    .Output("d_other_segment: float").Output("d_segment_bias: float")
    .THAW_ATTENTION_ATTRIBUTES.Attr("wanted: int");

// What both passes are given.
class AttentionKernel : public Kernel {
 public:
  explicit AttentionKernel(OpKernelConstruction* context) : Kernel(context) {
    OP_REQUIRES_OK(context, context->GetAttr("factor", &factor_));
    OP_REQUIRES_OK(context, context->GetAttr("window", &window_));
    OP_REQUIRES_OK(context, context->GetAttr("last", &last_));
  }

 protected:
  static constexpr int kSeed = 4;
  static constexpr int kTables = 5;  // by_query, the first of the tables
  static constexpr int kSegments = 10;

  PackedTexts textsOf(OpKernelContext* context) const {
    bool readsTables = false;
    for (int i = 0; i < 5; ++i) readsTables = readsTables || context->input(kTables + i).NumElements() > 0;
    return {context->input(3).flat<int32_t>(), context->input(1).shape(), context->input(0).dim_size(0), heads_, last_,
            readsTables};
  }

  // Null where the input is empty.
  static const float* optional(OpKernelContext* context, int index) {
    return context->input(index).NumElements() == 0 ? nullptr : input(context, index);
  }

  // Whether what is there of the terms has the shapes that they need; the context knows where not.
  bool check(OpKernelContext* context, const PackedTexts& texts) const {
    const int64_t rows = 2 * texts.longest();
    const int64_t sizes[] = {rows * texts.hidden(), rows * texts.hidden(), rows * heads_,
                             texts.hidden(),        heads_,                texts.tokens()};
    bool fits = texts.check(context);
    for (int i = 0; i < 6; ++i) {
      const int64_t size = context->input(kTables + i).NumElements();
      fits = fits && (size == 0 || size == sizes[i]);
    }
    const bool segmented = context->input(kSegments).NumElements() > 0;
    for (const int i : {3, 4}) fits = fits && segmented == (context->input(kTables + i).NumElements() > 0);
    if (!fits && context->status().ok()) {
      context->CtxFailure(absl::InvalidArgumentError("the terms of the scores do not fit the texts"));
    }
    return fits;
  }

  // Calls `run(head, unit, space)` for every head of every text; those of one unit one after the other.
  template <typename Run>
  void forEachHead(OpKernelContext* context, const PackedTexts& texts, const Run& run) const {
    const float* tables[5];
    for (int i = 0; i < 5; ++i) tables[i] = optional(context, kTables + i);
    const int32_t* segments = context->input(kSegments).flat<int32_t>().data();
    const ScoreTerms terms{tables[0], tables[1], tables[2], tables[3], tables[4], texts.longest()};
    parallel(context, texts.units(), texts.costOfUnit(), [&](int64_t begin, int64_t end) {
      thread_local Workspace tableSpace;
      thread_local Workspace space;
      for (int64_t unit = begin; unit < end; ++unit) {
        tableSpace.reset();
        const int64_t index = texts.headOf(unit);
        const HeadTerms own(terms, texts.place(0, index), index, heads_, factor_, tableSpace);
        for (int64_t text = texts.firstOf(unit); text < texts.firstOf(unit + heads_); ++text) {
          const HeadPlace place = texts.place(text, index);
          run(Head{place, texts.queryRows(text, index), own, segments + place.firstToken, factor_, window_}, unit, space);
        }
      }
    });
  }

  float factor_ = 1;
  int window_ = 0;
  bool last_ = false;
};

class AttentionOp : public AttentionKernel {
 public:
  using AttentionKernel::AttentionKernel;
  void Compute(OpKernelContext* context) override {
    const PackedTexts texts = textsOf(context);
    float* result = check(context, texts) ? output(context, 0, context->input(0).shape()) : nullptr;
    if (result == nullptr) return;
    const Dropout site = dropoutOf(context, rate_, kSeed);
    const float* query = input(context, 0);
    const float* key = input(context, 1);
    const float* value = input(context, 2);
    forEachHead(context, texts, [&](const Head& head, int64_t, Workspace& space) {
      attendHead(query, key, value, head, site, result, space);
    });
  }
};
THAW_REGISTER("ThawAttention", AttentionOp);

class AttentionGradOp : public AttentionKernel {
 public:
  using AttentionKernel::AttentionKernel;
  void Compute(OpKernelContext* context) override {
    const PackedTexts texts = textsOf(context);
    if (!check(context, texts)) return;
    float* gradients[8];
    for (int i = 0; i < 8; ++i) {
      const int source = i < 3 ? i : kTables + i - 3;
      gradients[i] = output(context, i, context->input(source).shape(), i < 3 || wants(i));
    }
    if (!context->status().ok()) return;
    const Dropout site = dropoutOf(context, rate_, kSeed);
    const float* query = input(context, 0);
    const float* key = input(context, 1);
    const float* value = input(context, 2);
    const float* dContext = input(context, kSegments + 1);
    const AttentionGradients ofRows{gradients[0], gradients[1], gradients[2]};
    const int64_t width = texts.hidden() / heads_;
    const int64_t rows = 2 * texts.longest();
    const int64_t stride = padded(width);
    HeadSums sums[] = {{rows, width, stride}, {rows, width, stride}, {rows, 1, 1}, {1, width, stride}, {1, 1, 1}};
    for (int i = 0; i < 5; ++i) {
      if (gradients[3 + i] != nullptr) sums[i].reserve(texts.units());
    }
    forEachHead(context, texts, [&](const Head& head, int64_t unit, Workspace& space) {
      const TermSums own{sums[0].of(unit), sums[1].of(unit), sums[2].of(unit), sums[3].of(unit), sums[4].of(unit)};
      attendHeadGradient(dContext, query, key, value, head, site, ofRows, own, space);
    });
    for (int i = 0; i < 5; ++i) sums[i].write(context, heads_, gradients[3 + i]);
  }
};
THAW_REGISTER("ThawAttentionGrad", AttentionGradOp);

}  // namespace
}  // namespace thaw
