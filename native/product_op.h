// TensorFlow op for the sum of several matrix products and a bias, in the memory of one result.
#pragma once
#include "kernel.h"
#include "narrow_product.h"

namespace thaw {
namespace {

// `sum_i a_i b_i + bias`, where each factor is read as it lies or transposed, and the bias is a row or absent (M = 0).
// `narrow` rounds the factors to bfloat16; sums, bias and result are float32 all the same.
REGISTER_OP("ThawProduct")
    .Input("a: N * float").Input("b: N * float").Input("bias: M * float")
    .Output("c: float")
    .Attr("N: int >= 1").Attr("M: int >= 0").Attr("transpose_a: bool").Attr("transpose_b: bool")
    .Attr("narrow: bool = false");

// Memory that starts at a cache line and is kept from product to product.
template <typename Item>
class Panels {
 public:
  Item* take(int64_t size) {
    if (static_cast<int64_t>(memory_.size()) < size + kLine) memory_.resize(static_cast<size_t>(size + kLine));
    return reinterpret_cast<Item*>((reinterpret_cast<uintptr_t>(memory_.data()) + 63) & ~uintptr_t{63});
  }

 private:
  static constexpr int64_t kLine = 64 / sizeof(Item);
  std::vector<Item> memory_;
};

class ProductOp : public Kernel {
 public:
  explicit ProductOp(OpKernelConstruction* context) : Kernel(context) {
    OP_REQUIRES_OK(context, context->GetAttr("transpose_a", &transposeA_));
    OP_REQUIRES_OK(context, context->GetAttr("transpose_b", &transposeB_));
    OP_REQUIRES_OK(context, context->GetAttr("narrow", &narrow_));
  }

  void Compute(OpKernelContext* context) override {
    const OpInputList a = listOf(context, "a");
    const OpInputList b = listOf(context, "b");
    const OpInputList biases = listOf(context, "bias");  // one or none
    const TensorShape& first = a[0].shape();
    const TensorShape& second = b[0].shape();
    const int64_t rows = first.dim_size(transposeA_ ? 1 : 0);
    const int64_t inner = first.dim_size(transposeA_ ? 0 : 1);
    const int64_t columns = second.dim_size(transposeB_ ? 0 : 1);
    for (int i = 0; i < a.size(); ++i) {
      OP_REQUIRES(context,
                  a[i].shape() == first && b[i].shape() == second && second.dim_size(transposeB_ ? 1 : 0) == inner,
                  absl::InvalidArgumentError("the shapes do not fit"));
    }
    const bool biased = biases.size() > 0;
    OP_REQUIRES(context, !biased || biases[0].NumElements() == columns,
                absl::InvalidArgumentError("the bias does not fit"));
    float* c = output(context, "c", TensorShape({rows, columns}));
    if (c == nullptr || rows == 0 || columns == 0) return;
    if (inner == 0) std::fill_n(c, rows * columns, 0.0f);

    const std::vector<float> zeros(static_cast<size_t>(biased ? 0 : columns), 0.0f);
    const float* start = biased ? floats(biases[0]) : zeros.data();
    if (narrow_) {
      multiply<NarrowTerms>(context, a, b, {rows, inner, columns}, start, c);
    } else {
      multiply<WideTerms>(context, a, b, {rows, inner, columns}, start, c);
    }
  }

 private:
  struct Sizes {
    int64_t rows;
    int64_t inner;
    int64_t columns;
  };

  template <typename Terms>
  void multiply(OpKernelContext* context, const OpInputList& a, const OpInputList& b, const Sizes& sizes,
                const float* start, float* c) {
    const int64_t inner = sizes.inner;
    const int64_t columns = sizes.columns;
    using Item = typename Terms::Item;
    static thread_local Panels<Item> panels;
    Item* packed = panels.take(PackedRight<Terms>::size(inner, columns));
    const PackedRight<Terms> right{packed, inner, columns};
    for (int i = 0; i < a.size(); ++i) {
      const Factor left = factorOf(a[i], transposeA_);
      const Factor factor = factorOf(b[i], transposeB_);
      const float* first = i == 0 ? start : nullptr;
      parallel(context, tiles(columns, kTileColumns), inner * kTileColumns,
               [&](int64_t begin, int64_t end) {
                 for (int64_t panel = begin; panel < end; ++panel) packRight(factor, right, panel, packed);
               });
      parallelRows(context, sizes.rows, [&](int64_t begin, int64_t end) {
        static thread_local Panels<Item> space;
        multiplyRows(left, right, c, begin, end, first, space.take(kBlockRows * kDepth));
      });
    }
  }

  static Factor factorOf(const Tensor& matrix, bool transposed) {
    const int64_t columns = matrix.dim_size(1);
    return {floats(matrix), transposed ? 1 : columns, transposed ? columns : 1};
  }

  // Pieces of whole tiles, each long enough to be worth another look at the whole right factor.
  template <typename Work>
  static void parallelRows(OpKernelContext* context, int64_t rows, const Work& work) {
    constexpr int64_t kLeastTiles = 8;
    const int threads = threadsOf(context);
    const int64_t count = tiles(rows, kTileRows);
    const int64_t pieces = std::min<int64_t>(4 * threads, std::max<int64_t>(threads, count / kLeastTiles));
    Team::shared(threads).run(count, pieces, [&](int64_t begin, int64_t end) {
      work(begin * kTileRows, std::min(rows, end * kTileRows));
    });
  }

  bool transposeA_ = false;
  bool transposeB_ = false;
  bool narrow_ = false;
};
THAW_REGISTER("ThawProduct", ProductOp);

}  // namespace
}  // namespace thaw
