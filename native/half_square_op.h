// Half the sum of squares of several tensors as an op: the norm of gradients.
#pragma once
#include "kernel.h"
#include "small_product.h"

namespace thaw {
namespace {

// `rows` are, for each tensor, those of a matrix that are not zero; none = all.
REGISTER_OP("ThawHalfSquare").Input("x: N * float").Input("rows: N * int32").Output("sum: float").Attr("N: int >= 1");

// `sum(x^2) / 2` over all of them, in blocks of fixed size: the same bits on any number of threads.
class HalfSquareOp : public Kernel {
 public:
  using Kernel::Kernel;
  void Compute(OpKernelContext* context) override {
    float* result = output(context, 0, TensorShape({}));
    if (result == nullptr) return;
    std::vector<Block> blocks;
    const int count = context->num_inputs() / 2;
    for (int i = 0; i < count; ++i) {
      const float* x = input(context, i);
      const int64_t size = context->input(i).NumElements();
      const auto rows = context->input(count + i).flat<int32_t>();
      if (rows.size() == 0) {
        for (int64_t first = 0; first < size; first += kBlock) blocks.push_back({x + first, std::min(kBlock, size - first)});
        continue;
      }
      const int64_t width = context->input(i).dim_size(1);
      OP_REQUIRES(context, rows(0) >= 0 && (rows(rows.size() - 1) + 1) * width <= size,
                  absl::InvalidArgumentError("row out of range"));
      for (int64_t row = 0; row < rows.size(); ++row) blocks.push_back({x + rows(row) * width, width});
    }
    std::vector<float> sums(blocks.size());
    parallel(context, static_cast<int64_t>(blocks.size()), kBlock / 4, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const Block& block = blocks[static_cast<size_t>(i)];
        sums[static_cast<size_t>(i)] = sumOfSquares(block.x, block.size);
      }
    });
    double total = 0;
    for (const float sum : sums) total += sum;
    *result = static_cast<float>(total / 2);
  }

 private:
  static constexpr int64_t kBlock = 4096;
  struct Block {
    const float* x;
    int64_t size;
  };

  // Four sums at a time: one would wait for itself.
  static float sumOfSquares(const float* x, int64_t size) {
    constexpr int kSums = 4;
    Vector sums[kSums] = {};
    int64_t i = 0;
    for (; i + kSums * kVector <= size; i += kSums * kVector) {
      for (int j = 0; j < kSums; ++j) {
        const Vector value = loadVector(x + i + j * kVector);
        sums[j] += value * value;
      }
    }
    const Vector all = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    float sum = 0;
    for (int j = 0; j < kVector; ++j) sum += all[j];
    for (; i < size; ++i) sum += x[i] * x[i];
    return sum;
  }
};
THAW_REGISTER("ThawHalfSquare", HalfSquareOp);

}  // namespace
}  // namespace thaw
