// Attention of texts packed one after the other as an op, and its gradient.
#pragma once
#include "attention.h"
#include "kernel.h"

namespace thaw {
namespace {

REGISTER_OP("ThawAttention")
    .Input("query: float").Input("key: float").Input("value: float").Input("lengths: int32").Input("seed: int32")
    .Output("context: float")
    .Attr("heads: int").Attr("rate: float");
REGISTER_OP("ThawAttentionGrad")
    .Input("query: float").Input("key: float").Input("value: float").Input("lengths: int32").Input("seed: int32")
    .Input("d_context: float")
    .Output("d_query: float").Output("d_key: float").Output("d_value: float")
    .Attr("heads: int").Attr("rate: float");

// Runs `head(place, asking, workspace)` for every head of every text. There are queries for all tokens, or, in a matrix of
// one row for each text, for first tokens only.
template <typename Head>
void forEachHead(OpKernelContext* context, int heads, const Head& head) {
  const TensorShape& shape = context->input(1).shape();
  const int64_t hidden = shape.dim_size(1);
  const auto lengths = context->input(3).flat<int32_t>();
  const bool all = context->input(0).dim_size(0) == shape.dim_size(0);
  OP_REQUIRES(context, all || context->input(0).dim_size(0) == lengths.size(),
              absl::InvalidArgumentError("there is neither a query for each token nor one for each text"));
  std::vector<HeadPlace> places;
  std::vector<HeadPlace> askings;
  int64_t token = 0;
  int64_t pairs = 0;
  for (int64_t text = 0; text < lengths.size(); ++text) {
    for (int64_t index = 0; index < heads; ++index) {
      const uint64_t maskRow = static_cast<uint64_t>(token * heads + index * lengths(text));
      places.push_back({token, lengths(text), index * (hidden / heads), hidden / heads, hidden, maskRow});
      askings.push_back(places.back());
      if (!all) askings.back().firstToken = text;
      if (!all) askings.back().length = 1;
    }
    token += lengths(text);
    pairs += static_cast<int64_t>(lengths(text)) * (all ? lengths(text) : 1);
  }
  OP_REQUIRES(context, token == shape.dim_size(0),
              absl::InvalidArgumentError("the lengths do not add up to the number of tokens"));
  const int64_t cost = pairs * (hidden / heads) / std::max<int64_t>(1, lengths.size());
  parallel(context, static_cast<int64_t>(places.size()), cost, [&](int64_t begin, int64_t end) {
    thread_local Workspace space;
    for (int64_t i = begin; i < end; ++i) {
      head(places[static_cast<size_t>(i)], askings[static_cast<size_t>(i)], space);
    }
  });
}

class AttentionOp : public Kernel {
 public:
  using Kernel::Kernel;
  void Compute(OpKernelContext* context) override {
    float* result = output(context, 0, context->input(0).shape());
    if (result == nullptr) return;
    const Dropout site = dropoutOf(context, rate_, 4);
    const float* query = input(context, 0);
    const float* key = input(context, 1);
    const float* value = input(context, 2);
    forEachHead(context, heads_, [&](const HeadPlace& place, const HeadPlace& asking, Workspace& space) {
      attendHead(query, key, value, place, asking, site, result, space);
    });
  }
};
REGISTER_KERNEL_BUILDER(Name("ThawAttention").Device(tensorflow::DEVICE_CPU), AttentionOp);

class AttentionGradOp : public Kernel {
 public:
  using Kernel::Kernel;
  void Compute(OpKernelContext* context) override {
    const TensorShape& shape = context->input(1).shape();
    const AttentionGradients gradients{output(context, 0, context->input(0).shape()), output(context, 1, shape),
                                       output(context, 2, shape)};
    if (!context->status().ok()) return;
    const Dropout site = dropoutOf(context, rate_, 4);
    const float* query = input(context, 0);
    const float* key = input(context, 1);
    const float* value = input(context, 2);
    const float* dContext = input(context, 5);
    forEachHead(context, heads_, [&](const HeadPlace& place, const HeadPlace& asking, Workspace& space) {
      attendHeadGradient(dContext, query, key, value, place, asking, site, gradients, space);
    });
  }
};
REGISTER_KERNEL_BUILDER(Name("ThawAttentionGrad").Device(tensorflow::DEVICE_CPU), AttentionGradOp);

}  // namespace
}  // namespace thaw
