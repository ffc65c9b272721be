// The sum over the rows of a matrix as an op: the gradient of a bias.
#pragma once
#include "kernel.h"

namespace thaw {
namespace {

REGISTER_OP("ThawSumRows").Input("x: float").Output("sum: float");

class SumRowsOp : public Kernel {
 public:
  using Kernel::Kernel;
  void Compute(OpKernelContext* context) override {
    OP_REQUIRES(context, context->input(0).dims() == 2, absl::InvalidArgumentError("this is no matrix"));
    const int64_t rows = context->input(0).dim_size(0);
    const int64_t width = context->input(0).dim_size(1);
    const float* x = input(context, 0);
    float* sum = output(context, 0, TensorShape({width}));
    if (sum == nullptr) return;
    RowSums sums(rows, width, 1);
    sums.run(context, width / 8, [&](int64_t row, const auto& part) {
      const float* from = x + row * width;
      float* to = part(0);
#pragma omp simd
      for (int64_t j = 0; j < width; ++j) to[j] += from[j];
    });
    sums.write(0, sum);
  }
};
THAW_REGISTER("ThawSumRows", SumRowsOp);

}  // namespace
}  // namespace thaw
