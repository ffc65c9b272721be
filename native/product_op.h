// Products as an op: several of them summed, and a bias, in the memory of one result.
#pragma once
#include "kernel.h"
#include "product.h"

namespace thaw {
namespace {

// `sum_i a_i b_i + bias`, where each factor is read as it lies or transposed, and the bias is a row or absent (M = 0).
REGISTER_OP("ThawProduct")
    .Input("a: N * float").Input("b: N * float").Input("bias: M * float")
    .Output("c: float")
    .Attr("N: int >= 1").Attr("M: int >= 0").Attr("transpose_a: bool").Attr("transpose_b: bool");

class ProductOp : public Kernel {
 public:
  explicit ProductOp(OpKernelConstruction* context) : Kernel(context) {
    OP_REQUIRES_OK(context, context->GetAttr("N", &count_));
    OP_REQUIRES_OK(context, context->GetAttr("transpose_a", &transposeA_));
    OP_REQUIRES_OK(context, context->GetAttr("transpose_b", &transposeB_));
    scipy_openblas_set_num_threads(1);  // the threads are TensorFlow's
  }

  void Compute(OpKernelContext* context) override {
    const TensorShape& first = context->input(0).shape();
    const TensorShape& second = context->input(count_).shape();
    const int64_t rows = first.dim_size(transposeA_ ? 1 : 0);
    const int64_t inner = first.dim_size(transposeA_ ? 0 : 1);
    const int64_t columns = second.dim_size(transposeB_ ? 0 : 1);
    for (int i = 0; i < count_; ++i) {
      OP_REQUIRES(context, context->input(i).shape() == first && context->input(count_ + i).shape() == second &&
                               second.dim_size(transposeB_ ? 1 : 0) == inner,
                  absl::InvalidArgumentError("the shapes do not fit"));
    }
    const float* bias = context->num_inputs() > 2 * count_ ? input(context, 2 * count_) : nullptr;
    float* c = output(context, 0, TensorShape({rows, columns}));
    if (c == nullptr || rows == 0 || columns == 0) return;

    const int64_t threads = context->device()->tensorflow_cpu_worker_threads()->num_threads;
    const int64_t tiles = (rows + kTile - 1) / kTile;
    const int64_t pieces = std::min(threads, tiles);
    parallel(context, pieces, rows * columns * inner / pieces, [&](int64_t begin, int64_t end) {
      for (int64_t piece = begin; piece < end; ++piece) {
        const int64_t row = tiles * piece / pieces * kTile;
        const int64_t pieceRows = std::min(rows, tiles * (piece + 1) / pieces * kTile) - row;
        if (bias != nullptr) {
          for (int64_t r = row; r < row + pieceRows; ++r) std::copy_n(bias, columns, c + r * columns);
        }
        for (int i = 0; i < count_; ++i) {
          const Factor a{input(context, i), first.dim_size(1), transposeA_};
          const Factor b{input(context, count_ + i), second.dim_size(1), transposeB_};
          multiplyRows({a, b, inner, c, columns, i > 0 || bias != nullptr}, row, pieceRows);
        }
      }
    });
  }

 private:
  // A multiple of the kernels' own tiles: cut there, every element is computed by the same instructions as uncut, and
  // the result has the same bits on any number of threads. Set-up tries it out.
  static constexpr int64_t kTile = 24;

  int count_ = 1;
  bool transposeA_ = false;
  bool transposeB_ = false;
};
REGISTER_KERNEL_BUILDER(Name("ThawProduct").Device(tensorflow::DEVICE_CPU), ProductOp);

}  // namespace
}  // namespace thaw
