// GELU after a bias as an op, and its gradient.
#pragma once
#include "gelu.h"
#include "kernel.h"

namespace thaw {
namespace {

REGISTER_OP("ThawBiasGelu").Input("x: float").Input("bias: float").Output("y: float");

class GeluOp : public Kernel {
 public:
  using Kernel::Kernel;
  void Compute(OpKernelContext* context) override {
    const TensorShape& shape = context->input(0).shape();
    const int64_t width = shape.dim_size(1);
    const float* x = input(context, 0);
    const float* bias = input(context, 1);
    float* y = output(context, 0, shape);
    if (y == nullptr) return;
    parallel(context, shape.dim_size(0), 2 * width, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) geluRow(x + row * width, bias, y + row * width, width);
    });
  }
};
THAW_REGISTER("ThawBiasGelu", GeluOp);

REGISTER_OP("ThawBiasGeluGrad")
    .Input("dy: float").Input("x: float").Input("bias: float")
    .Output("dx: float").Output("d_bias: float").Output("y: float")
    .Attr("wanted: int");

class GeluGradOp : public Kernel {
 public:
  using Kernel::Kernel;
  void Compute(OpKernelContext* context) override {
    const TensorShape& shape = context->input(0).shape();
    const int64_t width = shape.dim_size(1);
    const float* dy = input(context, 0);
    const float* x = input(context, 1);
    const float* bias = input(context, 2);
    float* dx = output(context, 0, shape, wants(0));
    float* dBias = output(context, 1, TensorShape({width}), wants(1));
    float* y = output(context, 2, shape, wants(2));
    if (!context->status().ok()) return;
    RowSums sums(shape.dim_size(0), width, 3);
    sums.run(context, 3 * width, [&](int64_t row, const auto& part) {
      geluRowGradient(dy + row * width, x + row * width, bias, dx != nullptr ? dx + row * width : part(1), part(0),
                      y != nullptr ? y + row * width : part(2), width);
    });
    sums.write(0, dBias);
  }
};
THAW_REGISTER("ThawBiasGeluGrad", GeluGradOp);

}  // namespace
}  // namespace thaw
