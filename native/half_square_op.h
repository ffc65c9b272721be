// Half the sum of squares as an op: the norm of gradients is made of it.
#pragma once
#include "kernel.h"

namespace thaw {
namespace {

// `rows` are those of a matrix that are not zero; none = all.
REGISTER_OP("ThawHalfSquare").Input("x: float").Input("rows: int32").Output("sum: float");

// `sum(x^2) / 2`, in blocks of fixed size: the same bits on any number of threads.
class HalfSquareOp : public Kernel {
 public:
  using Kernel::Kernel;
  void Compute(OpKernelContext* context) override {
    const int64_t size = context->input(0).NumElements();
    const float* x = input(context, 0);
    const auto rows = context->input(1).flat<int32_t>();
    const bool all = rows.size() == 0;
    const int64_t block = all ? 4096 : context->input(0).dim_size(1);
    const int64_t blocks = all ? (size + block - 1) / block : rows.size();
    OP_REQUIRES(context, all || (rows(0) >= 0 && (rows(rows.size() - 1) + 1) * block <= size),
                absl::InvalidArgumentError("row out of range"));
    float* result = output(context, 0, TensorShape({}));
    if (result == nullptr) return;
    std::vector<float> parts(static_cast<size_t>(blocks));
    parallel(context, blocks, block / 4 + 1, [&](int64_t begin, int64_t end) {
      for (int64_t index = begin; index < end; ++index) {
        const int64_t first = (all ? index : rows(index)) * block;
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t i = first; i < std::min(size, first + block); ++i) sum += x[i] * x[i];
        parts[static_cast<size_t>(index)] = sum;
      }
    });
    double total = 0;
    for (const float part : parts) total += part;
    *result = static_cast<float>(total / 2);
  }
};
REGISTER_KERNEL_BUILDER(Name("ThawHalfSquare").Device(tensorflow::DEVICE_CPU), HalfSquareOp);

}  // namespace
}  // namespace thaw
