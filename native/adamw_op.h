// A step of AdamW as an op.
#pragma once
#include "adamw.h"
#include "kernel.h"
#include "tensorflow/core/framework/resource_mgr.h"
#include "tensorflow/core/framework/resource_var.h"

namespace thaw {
namespace {

// For N weights at once. `factors` has a row for each. `rows`, in rising order, are those of a table whose gradient or
// moments are not zero; none = all.
REGISTER_OP("ThawAdamW")
    .Input("weight: N * resource").Input("m: N * resource").Input("v: N * resource")
    .Input("gradient: N * float").Input("factors: float").Input("rows: N * int32")
    .Attr("N: int >= 1")
    .SetIsStateful();

class AdamWOp : public Kernel {
 public:
  using Kernel::Kernel;
  void Compute(OpKernelContext* context) override {
    const int count = (context->num_inputs() - 1) / 5;
    for (int i = 0; i < count && context->status().ok(); ++i) update(context, i, count);
  }

 private:
  static void update(OpKernelContext* context, int index, int count) {
    const int gradientInput = 3 * count + index;
    const int64_t size = context->input(gradientInput).NumElements();
    float* values[3];
    tensorflow::core::RefCountPtr<tensorflow::Var> variables[3];
    for (int i = 0; i < 3; ++i) {
      OP_REQUIRES_OK(context, tensorflow::LookupResource(
                                  context, tensorflow::HandleFromInput(context, i * count + index), &variables[i]));
      tensorflow::mutex_lock lock(*variables[i]->mu());
      Tensor* tensor = variables[i]->tensor();
      OP_REQUIRES(context, tensor->NumElements() == size,
                  absl::InvalidArgumentError("gradient and variable differ in size"));
      if (!tensor->RefCountIsOne()) {  // somebody still reads the old values
        Tensor copy;
        OP_REQUIRES_OK(context, context->allocate_temp(tensorflow::DT_FLOAT, tensor->shape(), &copy));
        std::copy_n(tensor->flat<float>().data(), size, copy.flat<float>().data());
        *tensor = copy;
      }
      values[i] = tensor->flat<float>().data();
    }
    const float* f = input(context, 4 * count) + 8 * index;
    const AdamWFactors factors{f[0], f[1], f[2], f[3], f[4], f[5], f[6], f[7]};
    const float* gradient = input(context, gradientInput);
    const auto rows = context->input(4 * count + 1 + index).flat<int32_t>();
    if (rows.size() == 0) {
      parallel(context, size, 2, [&](int64_t begin, int64_t end) {
        adamW(values[0], values[1], values[2], gradient, begin, end, factors);
      });
      return;
    }
    const int64_t width = context->input(gradientInput).dim_size(1);
    OP_REQUIRES(context, rows(0) >= 0 && (rows(rows.size() - 1) + 1) * width <= size,
                absl::InvalidArgumentError("row out of range"));
    parallel(context, rows.size(), 2 * width, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t first = rows(i) * width;
        if (factors.keep != 1.0f) {  // the rows before this one
          decay(values[0], i == 0 ? 0 : (rows(i - 1) + 1) * width, first, factors);
          if (i == rows.size() - 1) decay(values[0], first + width, size, factors);
        }
        adamW(values[0], values[1], values[2], gradient, first, first + width, factors);
      }
    });
  }
};
THAW_REGISTER("ThawAdamW", AdamWOp);

}  // namespace
}  // namespace thaw
