// TensorFlow op for attention over examples packed one after the other, and its gradient op. An empty input stands for
// an absent score term.
#pragma once
#include "attention.h"
#include "packed_examples.h"

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
    .THAW_ATTENTION_INPUTS.Input("grad_output: float")
    .Output("grad_query: float").Output("grad_key: float").Output("grad_value: float")
    .Output("grad_by_query: float").Output("grad_by_key: float").Output("grad_by_distance: float")
    .Output("grad_other_segment: float").Output("grad_segment_bias: float")
    .THAW_ATTENTION_ATTRIBUTES.Attr("wanted: int");

// The part that both passes share.
class AttentionKernel : public Kernel {
 public:
  explicit AttentionKernel(OpKernelConstruction* context) : Kernel(context) {
    OP_REQUIRES_OK(context, context->GetAttr("factor", &factor_));
    OP_REQUIRES_OK(context, context->GetAttr("window", &window_));
    OP_REQUIRES_OK(context, context->GetAttr("last", &last_));
  }

 protected:
  static QueryKeyValue rowsOf(OpKernelContext* context) {
    return {floats(context, "query"), floats(context, "key"), floats(context, "value")};
  }

  PackedExamples examplesOf(OpKernelContext* context) const {
    bool readsTables = false;
    for (const char* table : {"by_query", "by_key", "by_distance", "other_segment", "segment_bias"}) {
      readsTables = readsTables || isThere(context, table);
    }
    return {tensorOf(context, "lengths").flat<int32_t>(), tensorOf(context, "key").shape(),
            tensorOf(context, "query").dim_size(0), heads_, last_, readsTables};
  }

  // Whether the terms that are there have the shapes that they need; the context knows where not.
  bool check(OpKernelContext* context, const PackedExamples& examples) const {
    const int64_t rows = 2 * examples.longest();
    const struct {
      const char* name;
      int64_t size;
    } terms[] = {{"by_query", rows * examples.hidden()}, {"by_key", rows * examples.hidden()},
                 {"by_distance", rows * heads_},         {"other_segment", examples.hidden()},
                 {"segment_bias", heads_},               {"segments", examples.tokens()}};
    bool fits = examples.check(context);
    for (const auto& term : terms) {
      fits = fits && (!isThere(context, term.name) || tensorOf(context, term.name).NumElements() == term.size);
    }
    const bool segmented = isThere(context, "segments");
    for (const char* name : {"other_segment", "segment_bias"}) fits = fits && segmented == isThere(context, name);
    if (!fits && context->status().ok()) {
      context->CtxFailure(absl::InvalidArgumentError("the terms of the scores do not fit the texts"));
    }
    return fits;
  }

  // Calls `run(head, unit, space)` for every head of every example; those of one unit one after the other.
  template <typename Run>
  void forEachHead(OpKernelContext* context, const PackedExamples& examples, const Run& run) const {
    const ScoreTerms terms{optional(context, "by_query"),      optional(context, "by_key"),
                           optional(context, "by_distance"),   optional(context, "other_segment"),
                           optional(context, "segment_bias"), examples.longest()};
    const int32_t* segments = ints(context, "segments");
    parallel(context, examples.units(), examples.costOfUnit(), [&](int64_t begin, int64_t end) {
      thread_local Workspace tableSpace;
      thread_local Workspace space;
      for (int64_t unit = begin; unit < end; ++unit) {
        tableSpace.reset();
        const int64_t index = examples.headOf(unit);
        const HeadTerms own(terms, examples.place(0, index), index, heads_, factor_, tableSpace);
        for (int64_t example = examples.firstOf(unit); example < examples.firstOf(unit + heads_); ++example) {
          const HeadPlace place = examples.place(example, index);
          run(Head{place, examples.queryRows(example, index), own, segments + place.firstToken, factor_, window_}, unit,
              space);
        }
      }
    });
  }

 private:
  static bool isThere(OpKernelContext* context, const char* name) { return tensorOf(context, name).NumElements() > 0; }

  // Null where the input is empty.
  static const float* optional(OpKernelContext* context, const char* name) {
    return isThere(context, name) ? floats(context, name) : nullptr;
  }

  float factor_ = 1;
  int window_ = 0;
  bool last_ = false;
};

class AttentionOp : public AttentionKernel {
 public:
  using AttentionKernel::AttentionKernel;
  void Compute(OpKernelContext* context) override {
    const PackedExamples examples = examplesOf(context);
    if (!check(context, examples)) return;
    float* result = output(context, "context", tensorOf(context, "query").shape());
    if (result == nullptr) return;
    const Dropout site = dropoutOf(context);
    const QueryKeyValue rows = rowsOf(context);
    forEachHead(context, examples, [&](const Head& head, int64_t, Workspace& space) {
      attendHead(rows, head, site, result, space);
    });
  }
};
THAW_REGISTER("ThawAttention", AttentionOp);

class AttentionGradOp : public AttentionKernel {
 public:
  using AttentionKernel::AttentionKernel;
  void Compute(OpKernelContext* context) override {
    const PackedExamples examples = examplesOf(context);
    if (!check(context, examples)) return;
    // in the shape of the input; those of query, key and value are always computed
    const auto always = [&](const char* gradient, const char* input) {
      return output(context, gradient, tensorOf(context, input).shape());
    };
    const AttentionGradients gradients{always("grad_query", "query"), always("grad_key", "key"),
                                       always("grad_value", "value")};
    const int64_t width = examples.hidden() / heads_;
    const int64_t rows = 2 * examples.longest();
    const auto table = [&](const char* gradient, const char* input, int64_t rows, int64_t width, int64_t stride) {
      float* to = output(context, gradient, tensorOf(context, input).shape(), wants(gradient));
      return HeadSums(to, {rows, width, stride}, examples.units());
    };
    HeadSums byQuery = table("grad_by_query", "by_query", rows, width, padded(width));
    HeadSums byKey = table("grad_by_key", "by_key", rows, width, padded(width));
    HeadSums byDistance = table("grad_by_distance", "by_distance", rows, 1, 1);
    HeadSums otherSegment = table("grad_other_segment", "other_segment", 1, width, padded(width));
    HeadSums segmentBias = table("grad_segment_bias", "segment_bias", 1, 1, 1);
    if (!context->status().ok()) return;
    const Dropout site = dropoutOf(context);
    const QueryKeyValue inputs = rowsOf(context);
    const float* gradOutput = floats(context, "grad_output");
    forEachHead(context, examples, [&](const Head& head, int64_t unit, Workspace& space) {
      const TermSums sums{byQuery.of(unit), byKey.of(unit), byDistance.of(unit), otherSegment.of(unit),
                          segmentBias.of(unit)};
      attendHeadGradient(gradOutput, inputs, head, site, gradients, sums, space);
    });
    for (const HeadSums* sums : {&byQuery, &byKey, &byDistance, &otherSegment, &segmentBias}) {
      sums->write(context, heads_);
    }
  }
};
THAW_REGISTER("ThawAttentionGrad", AttentionGradOp);

}  // namespace
}  // namespace thaw
