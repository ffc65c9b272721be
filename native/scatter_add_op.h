// TensorFlow op for the gradient of an embedding table.
#pragma once
#include <map>

#include "kernel.h"

namespace thaw {
namespace {

REGISTER_OP("ThawScatterAdd")
    .Input("rows: float").Input("indices: int32").Output("sums: float")
    .Attr("count: int").Attr("width: int");

// The result of the last call for a table of this shape. It is used again once nobody else holds it: then only the rows
// that the call touched have to be zeroed. What is kept is free memory to whoever releases it.
struct KeptSums {
  Tensor sums;
  std::vector<int32_t> touched;
};
inline tensorflow::mutex keptSumsMutex;
inline std::map<std::pair<int64_t, int64_t>, KeptSums> keptSums;

inline void releaseKeptSums() {
  tensorflow::mutex_lock lock(keptSumsMutex);
  keptSums.clear();
}

// `rows [n, width]` summed by `indices [n]` into `[count, width]`; rows with a negative index are left out.
class ScatterAddOp : public Kernel {
 public:
  explicit ScatterAddOp(OpKernelConstruction* context) : Kernel(context) {
    OP_REQUIRES_OK(context, context->GetAttr("count", &count_));
    OP_REQUIRES_OK(context, context->GetAttr("width", &width_));
  }
  void Compute(OpKernelContext* context) override {
    const Tensor& rows = tensorOf(context, "rows");
    const auto indices = tensorOf(context, "indices").flat<int32_t>();
    OP_REQUIRES(context, rows.NumElements() == indices.size() * width_,
                absl::InvalidArgumentError("rows and indices differ in number"));
    for (int64_t i = 0; i < indices.size(); ++i) {
      OP_REQUIRES(context, indices(i) < count_, absl::InvalidArgumentError("index out of range"));
    }
    tensorflow::mutex_lock lock(keptSumsMutex);
    KeptSums& kept = keptSums[{count_, width_}];
    if (kept.sums.NumElements() == count_ * width_ && kept.sums.RefCountIsOne()) {
      float* sums = kept.sums.flat<float>().data();
      for (const int32_t row : kept.touched) std::fill_n(sums + row * width_, width_, 0.0f);
    } else {
      OP_REQUIRES_OK(context, context->allocate_temp(tensorflow::DT_FLOAT, TensorShape({count_, width_}), &kept.sums));
      float* sums = kept.sums.flat<float>().data();
      parallel(context, count_, width_ / 8 + 1, [&](int64_t begin, int64_t end) {
        std::fill(sums + begin * width_, sums + end * width_, 0.0f);
      });
    }
    kept.touched.clear();
    float* sums = kept.sums.flat<float>().data();
    const float* row = floats(rows);
    for (int64_t i = 0; i < indices.size(); ++i, row += width_) {
      if (indices(i) < 0) continue;
      kept.touched.push_back(indices(i));
      float* sum = sums + indices(i) * width_;
#pragma omp simd
      for (int64_t j = 0; j < width_; ++j) sum[j] += row[j];
    }
    OP_REQUIRES_OK(context, context->set_output("sums", kept.sums));
  }

 private:
  int64_t count_ = 0;
  int64_t width_ = 0;
};
THAW_REGISTER("ThawScatterAdd", ScatterAddOp);

}  // namespace
}  // namespace thaw
