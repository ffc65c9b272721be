// TensorFlow ops for the sum over the rows of a matrix (the gradient of a bias) and for half the sum of squares of
// several tensors (the norm of gradients).
#pragma once
#include "kernel.h"
#include "small_product.h"

namespace thaw {
namespace {

REGISTER_OP("ThawSumRows").Input("x: float").Output("sum: float");

class SumRowsOp : public Kernel {
 public:
  using Kernel::Kernel;
  void Compute(OpKernelContext* context) override {
    const Tensor& matrix = tensorOf(context, "x");
    OP_REQUIRES(context, matrix.dims() == 2, absl::InvalidArgumentError("this is no matrix"));
    const int64_t rows = matrix.dim_size(0);
    const int64_t width = matrix.dim_size(1);
    const float* x = floats(matrix);
    float* sum = output(context, "sum", TensorShape({width}));
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

// `rows` are, for each tensor, those of a matrix that are not zero; none = all.
REGISTER_OP("ThawHalfSquare").Input("x: N * float").Input("rows: N * int32").Output("sum: float").Attr("N: int >= 1");

// `sum(x^2) / 2` over all of them, in blocks of fixed size: the same bits on any number of threads.
class HalfSquareOp : public Kernel {
 public:
  using Kernel::Kernel;
  void Compute(OpKernelContext* context) override {
    float* result = output(context, "sum", TensorShape({}));
    if (result == nullptr) return;
    std::vector<Block> blocks;
    const OpInputList tensors = listOf(context, "x");
    const OpInputList rowsOfTensors = listOf(context, "rows");
    for (int i = 0; i < tensors.size(); ++i) {
      const float* x = floats(tensors[i]);
      const int64_t size = tensors[i].NumElements();
      const auto rows = rowsOfTensors[i].flat<int32_t>();
      if (rows.size() == 0) {
        for (int64_t first = 0; first < size; first += kBlock) blocks.push_back({x + first, std::min(kBlock, size - first)});
        continue;
      }
      const int64_t width = tensors[i].dim_size(1);
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
