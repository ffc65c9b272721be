// Layer normalisation as an op, alone and after dropout and residual, and its gradient.
#pragma once
#include "kernel.h"
#include "layer_norm.h"

namespace thaw {
namespace {

REGISTER_OP("ThawLayerNorm")
    .Input("x: float").Input("weight: float").Input("bias: float")
    .Output("y: float").Output("normal: float").Output("inverse: float")
    .Attr("epsilon: float");
REGISTER_OP("ThawResidualNorm")
    .Input("x: float").Input("weight: float").Input("bias: float")
    .Input("input_bias: float").Input("residual: float").Input("seed: int32")
    .Output("y: float").Output("normal: float").Output("inverse: float")
    .Attr("epsilon: float").Attr("rate: float");

class NormOp : public Kernel {
 public:
  using Kernel::Kernel;
  void Compute(OpKernelContext* context) override {
    const TensorShape& shape = context->input(0).shape();
    const int64_t rows = shape.dim_size(0);
    const int64_t width = shape.dim_size(1);
    const bool residual = context->num_inputs() > 3;
    const NormInput in{input(context, 0), residual ? input(context, 3) : nullptr,
                       residual ? input(context, 4) : nullptr, input(context, 1), input(context, 2), width, epsilon_};
    const int32_t noSeed[2] = {0, 0};
    const Dropout site = residual ? dropoutOf(context, rate_, 5) : Dropout(0, noSeed);
    float* y = output(context, 0, shape);
    float* normal = output(context, 1, shape);
    float* inverse = output(context, 2, TensorShape({rows}));
    if (y == nullptr || normal == nullptr || inverse == nullptr) return;
    parallel(context, rows, 2 * width, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        inverse[row] = normRow(in, row, site, y + row * width, normal + row * width);
      }
    });
  }
};
THAW_REGISTER("ThawLayerNorm", NormOp);
THAW_REGISTER("ThawResidualNorm", NormOp);

// Gradients in the order of the inputs of ThawResidualNorm; those of ThawLayerNorm's `x` are its `residual`'s.
REGISTER_OP("ThawResidualNormGrad")
    .Input("dy: float").Input("normal: float").Input("inverse: float").Input("weight: float").Input("seed: int32")
    .Output("x: float").Output("d_weight: float").Output("bias: float").Output("input_bias: float")
    .Output("residual: float")
    .Attr("rate: float").Attr("wanted: int");

class NormGradOp : public Kernel {
 public:
  using Kernel::Kernel;
  void Compute(OpKernelContext* context) override {
    const TensorShape& shape = context->input(0).shape();
    const int64_t rows = shape.dim_size(0);
    const int64_t width = shape.dim_size(1);
    const TensorShape row({width});
    const NormGradient in{input(context, 0), input(context, 1), input(context, 2), input(context, 3), width};
    const Dropout site = dropoutOf(context, rate_, 4);
    float* dx = output(context, 0, shape, wants(0));
    float* dWeight = output(context, 1, row, wants(1));
    float* dBias = output(context, 2, row, wants(2));
    float* dInputBias = output(context, 3, row, wants(3));
    float* dResidual = output(context, 4, shape, wants(4));
    if (!context->status().ok()) return;
    RowSums sums(rows, width, 5);
    sums.run(context, 3 * width, [&](int64_t index, const auto& part) {
      // what is not wanted itself may be on the way to what is: such rows go to a part of the block's own
      float* residual = dResidual != nullptr ? dResidual + index * width : part(3);
      float* x = dx != nullptr ? dx + index * width : dInputBias != nullptr ? part(4) : nullptr;
      normRowGradient(in, index, site, x, residual,
                      {dInputBias != nullptr ? part(0) : nullptr, dWeight != nullptr ? part(1) : nullptr,
                       dBias != nullptr ? part(2) : nullptr});
    });
    sums.write(0, dInputBias);
    sums.write(1, dWeight);
    sums.write(2, dBias);
  }
};
THAW_REGISTER("ThawResidualNormGrad", NormGradOp);

}  // namespace
}  // namespace thaw
