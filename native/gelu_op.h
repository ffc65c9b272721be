// TensorFlow op for `gelu(x + bias)` in its exact form, x Phi(x) (Hendrycks and Gimpel 2016, arXiv:1606.08415), and its
// gradient op.
#pragma once
#include <cstdint>

#include "kernel.h"
#include "vector_math.h"

namespace thaw {
namespace {

inline float normalDistribution(float x) { return 0.5f * errorFunction(x * 0.70710678f) + 0.5f; }

inline void geluRow(const float* x, const float* bias, float* y, int64_t width) {
#pragma omp simd
  for (int64_t j = 0; j < width; ++j) {
    const float value = x[j] + bias[j];
    y[j] = value * normalDistribution(value);
  }
}

// `gradX = gradOutput * (Phi(x) + x phi(x))`; the distribution is computed again: cheaper than to keep it for every layer.
// `biasSum` takes the row's part of the bias gradient, and `y` the value of the forward pass.
inline void geluRowGradient(const float* gradOutput, const float* x, const float* bias, float* gradX, float* biasSum,
                            float* y, int64_t width) {
#pragma omp simd
  for (int64_t j = 0; j < width; ++j) {
    const float value = x[j] + bias[j];
    const float distribution = normalDistribution(value);
    const float density = 0.39894228f * exponential(-0.5f * value * value);
    const float gradient = gradOutput[j] * (distribution + value * density);
    gradX[j] = gradient;
    biasSum[j] += gradient;
    y[j] = value * distribution;
  }
}

REGISTER_OP("ThawBiasGelu").Input("x: float").Input("bias: float").Output("y: float");

class GeluOp : public Kernel {
 public:
  using Kernel::Kernel;
  void Compute(OpKernelContext* context) override {
    const TensorShape& shape = tensorOf(context, "x").shape();
    const int64_t width = shape.dim_size(1);
    const float* x = floats(context, "x");
    const float* bias = floats(context, "bias");
    float* y = output(context, "y", shape);
    if (y == nullptr) return;
    parallel(context, shape.dim_size(0), 2 * width, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) geluRow(x + row * width, bias, y + row * width, width);
    });
  }
};
THAW_REGISTER("ThawBiasGelu", GeluOp);

REGISTER_OP("ThawBiasGeluGrad")
    .Input("grad_output: float").Input("x: float").Input("bias: float")
    .Output("grad_x: float").Output("grad_bias: float").Output("y: float")
    .Attr("wanted: int");

class GeluGradOp : public Kernel {
 public:
  using Kernel::Kernel;
  void Compute(OpKernelContext* context) override {
    const TensorShape& shape = tensorOf(context, "x").shape();
    const int64_t width = shape.dim_size(1);
    const float* gradOutput = floats(context, "grad_output");
    const float* x = floats(context, "x");
    const float* bias = floats(context, "bias");
    float* gradX = output(context, "grad_x", shape, wants("grad_x"));
    float* gradBias = output(context, "grad_bias", TensorShape({width}), wants("grad_bias"));
    float* y = output(context, "y", shape, wants("y"));
    if (!context->status().ok()) return;
    RowSums sums(shape.dim_size(0), width, 3);
    sums.run(context, 3 * width, [&](int64_t row, const auto& part) {
      geluRowGradient(gradOutput + row * width, x + row * width, bias, gradX != nullptr ? gradX + row * width : part(1),
                      part(0), y != nullptr ? y + row * width : part(2), width);
    });
    sums.write(0, gradBias);
  }
};
THAW_REGISTER("ThawBiasGeluGrad", GeluGradOp);

}  // namespace
}  // namespace thaw
