// TensorFlow op for dropout.
#pragma once
#include "kernel.h"

namespace thaw {
namespace {

REGISTER_OP("ThawDropout").Input("x: float").Input("seed: int32").Output("y: float").Attr("rate: float");

// `x * mask`: the op, and its gradient.
class DropoutOp : public Kernel {
 public:
  using Kernel::Kernel;
  void Compute(OpKernelContext* context) override {
    const Tensor& x = tensorOf(context, "x");
    const int64_t width = x.dim_size(x.dims() - 1);
    float* y = output(context, "y", x.shape());
    if (y == nullptr || width == 0) return;
    const Dropout site = dropoutOf(context);
    const float* from = floats(x);
    parallel(context, x.NumElements() / width, width, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        dropRow(from + row * width, y + row * width, width, site, static_cast<uint64_t>(row));
      }
    });
  }
};
THAW_REGISTER("ThawDropout", DropoutOp);

}  // namespace
}  // namespace thaw
