// TensorFlow op for one step of AdamW (Loshchilov and Hutter 2017, arXiv:1711.05101) with PyTorch's numbers, over many
// weights, each in one pass over memory.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>

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

// One row of the op's input `factors`, as src/tensor/adamW.ts writes it.
struct AdamWFactors {
  float gradientScale;  // clipping
  float keep;           // 1 - learning rate * weight decay
  float gradientShare;  // 1 - beta1
  float beta2;
  float squareShare;  // 1 - beta2
  float stepSize;     // learning rate / (1 - beta1^t)
  float rootInverse;  // 1 / sqrt(1 - beta2^t)
  float epsilon;
};

inline void adamW(float* weight, float* m, float* v, const float* gradient, int64_t begin, int64_t end,
                  const AdamWFactors& f) {
#pragma omp simd
  for (int64_t i = begin; i < end; ++i) {
    const float g = gradient[i] * f.gradientScale;
    m[i] += (g - m[i]) * f.gradientShare;
    v[i] = v[i] * f.beta2 + g * g * f.squareShare;
    weight[i] = weight[i] * f.keep - f.stepSize * m[i] / (std::sqrt(v[i]) * f.rootInverse + f.epsilon);
  }
}

// What is left of the step where gradient and moments are zero.
inline void decay(float* weight, int64_t begin, int64_t end, const AdamWFactors& f) {
#pragma omp simd
  for (int64_t i = begin; i < end; ++i) weight[i] *= f.keep;
}

class AdamWOp : public Kernel {
 public:
  using Kernel::Kernel;
  void Compute(OpKernelContext* context) override {
    const OpInputList weights = listOf(context, "weight");
    const OpInputList m = listOf(context, "m");
    const OpInputList v = listOf(context, "v");
    const OpInputList gradients = listOf(context, "gradient");
    const OpInputList rows = listOf(context, "rows");
    const float* factors = floats(context, "factors");
    for (int i = 0; i < gradients.size() && context->status().ok(); ++i) {
      AdamWFactors own;
      std::memcpy(&own, factors + i * sizeof(own) / sizeof(float), sizeof(own));
      update(context, {&weights[i], &m[i], &v[i]}, gradients[i], rows[i], own);
    }
  }

 private:
  struct Handles {
    const Tensor* weight;
    const Tensor* m;
    const Tensor* v;
  };

  static void update(OpKernelContext* context, const Handles& handles, const Tensor& gradients, const Tensor& touched,
                     const AdamWFactors& factors) {
    const int64_t size = gradients.NumElements();
    float* weight = valuesOf(context, *handles.weight, size);
    float* m = valuesOf(context, *handles.m, size);
    float* v = valuesOf(context, *handles.v, size);
    if (!context->status().ok()) return;
    const float* gradient = floats(gradients);
    const auto rows = touched.flat<int32_t>();
    if (rows.size() == 0) {
      parallel(context, size, 2,
               [&](int64_t begin, int64_t end) { adamW(weight, m, v, gradient, begin, end, factors); });
      return;
    }
    const int64_t width = gradients.dim_size(1);
    OP_REQUIRES(context, rows(0) >= 0 && (rows(rows.size() - 1) + 1) * width <= size,
                absl::InvalidArgumentError("row out of range"));
    parallel(context, rows.size(), 2 * width, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t first = rows(i) * width;
        if (factors.keep != 1.0f) {  // the rows before this one
          decay(weight, i == 0 ? 0 : (rows(i - 1) + 1) * width, first, factors);
          if (i == rows.size() - 1) decay(weight, first + width, size, factors);
        }
        adamW(weight, m, v, gradient, first, first + width, factors);
      }
    });
  }

  // The values of the variable behind a handle, to be changed; null on failure, which the context then knows. The resource
  // manager keeps the variable: all ops are called from one thread, and none frees it meanwhile.
  static float* valuesOf(OpKernelContext* context, const Tensor& handle, int64_t size) {
    tensorflow::core::RefCountPtr<tensorflow::Var> variable;
    const auto found = tensorflow::LookupResource(context, handle.flat<tensorflow::ResourceHandle>()(0), &variable);
    if (!found.ok()) {
      context->CtxFailure(found);
      return nullptr;
    }
    tensorflow::mutex_lock lock(*variable->mu());
    Tensor* tensor = variable->tensor();
    if (tensor->NumElements() != size) {
      context->CtxFailure(absl::InvalidArgumentError("gradient and variable differ in size"));
      return nullptr;
    }
    if (!tensor->RefCountIsOne()) {  // somebody still reads the old values
      Tensor copy;
      const auto allocated = context->allocate_temp(tensorflow::DT_FLOAT, tensor->shape(), &copy);
      if (!allocated.ok()) {
        context->CtxFailure(allocated);
        return nullptr;
      }
      std::copy_n(tensor->flat<float>().data(), size, copy.flat<float>().data());
      *tensor = copy;
    }
    return tensor->flat<float>().data();
  }
};
THAW_REGISTER("ThawAdamW", AdamWOp);

}  // namespace
}  // namespace thaw
