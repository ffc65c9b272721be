// TensorFlow ops that convert rows to bfloat16 and back, so that values kept for a backward pass take half the memory,
// and an op that tells whether bfloat16 products are compiled to the processor's own instruction.
#pragma once
#include "kernel.h"
#include "narrow.h"

namespace thaw {
namespace {

REGISTER_OP("ThawNarrow").Input("x: float").Output("pairs: int32");
REGISTER_OP("ThawWiden").Input("pairs: int32").Output("x: float").Attr("width: int");
REGISTER_OP("ThawHasNarrowProduct").Output("has: bool");

class NarrowOp : public Kernel {
 public:
  using Kernel::Kernel;
  void Compute(OpKernelContext* context) override {
    const TensorShape& shape = tensorOf(context, "x").shape();
    const int64_t rows = shape.dim_size(0);
    const int64_t width = shape.dim_size(1);
    const float* x = floats(context, "x");
    Tensor* tensor = nullptr;
    OP_REQUIRES_OK(context, context->allocate_output("pairs", TensorShape({rows, pairsOf(width)}), &tensor));
    uint32_t* pairs = reinterpret_cast<uint32_t*>(tensor->flat<int32_t>().data());
    parallel(context, rows, width / 4, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) narrowRow(x + row * width, pairs + row * pairsOf(width), width);
    });
  }
};
THAW_REGISTER("ThawNarrow", NarrowOp);

class WidenOp : public Kernel {
 public:
  explicit WidenOp(OpKernelConstruction* context) : Kernel(context) {
    OP_REQUIRES_OK(context, context->GetAttr("width", &width_));
  }

  void Compute(OpKernelContext* context) override {
    const TensorShape& shape = tensorOf(context, "pairs").shape();
    const int64_t rows = shape.dim_size(0);
    OP_REQUIRES(context, shape.dim_size(1) == pairsOf(width_),
                absl::InvalidArgumentError("the width does not fit the pairs"));
    const uint32_t* pairs = reinterpret_cast<const uint32_t*>(ints(context, "pairs"));
    float* x = output(context, "x", TensorShape({rows, width_}));
    if (x == nullptr) return;
    parallel(context, rows, width_ / 4, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) widenRow(pairs + row * pairsOf(width_), x + row * width_, width_);
    });
  }

 private:
  int64_t width_ = 0;
};
THAW_REGISTER("ThawWiden", WidenOp);

class HasNarrowProductOp : public Kernel {
 public:
  using Kernel::Kernel;
  void Compute(OpKernelContext* context) override {
    Tensor* tensor = nullptr;
    OP_REQUIRES_OK(context, context->allocate_output("has", TensorShape({}), &tensor));
#ifdef __AVX512BF16__
    tensor->scalar<bool>()() = true;
#else
    tensor->scalar<bool>()() = false;
#endif
  }
};
THAW_REGISTER("ThawHasNarrowProduct", HasNarrowProductOp);

}  // namespace
}  // namespace thaw
