// Half the sum of squares as an op: the norm of gradients is made of it.
#pragma once
#include "kernel.h"

namespace thaw {
namespace {

REGISTER_OP("ThawHalfSquare").Input("x: float").Output("sum: float");

// `sum(x^2) / 2`, in blocks of fixed size: the same bits on any number of threads.
class HalfSquareOp : public Kernel {
 public:
  using Kernel::Kernel;
  void Compute(OpKernelContext* context) override {
    constexpr int64_t kBlock = 4096;
    const int64_t size = context->input(0).NumElements();
    const float* x = input(context, 0);
    float* result = output(context, 0, TensorShape({}));
    if (result == nullptr) return;
    std::vector<float> parts(static_cast<size_t>((size + kBlock - 1) / kBlock));
    parallel(context, static_cast<int64_t>(parts.size()), kBlock / 4, [&](int64_t begin, int64_t end) {
      for (int64_t block = begin; block < end; ++block) {
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t i = block * kBlock; i < std::min(size, (block + 1) * kBlock); ++i) sum += x[i] * x[i];
        parts[static_cast<size_t>(block)] = sum;
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
