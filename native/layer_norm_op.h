// TensorFlow op for the layer norm of `dropout(x + input bias) + residual`, or of `x` alone, row by row, and its
// gradient op.
#pragma once
#include <cmath>
#include <cstdint>

#include "kernel.h"

namespace thaw {
namespace {

struct NormInput {
  const float* x;
  const float* inputBias;  // null: none
  const float* residual;   // null: none
  const float* weight;
  const float* bias;
  int64_t width;
  float epsilon;
};

// `y = normal * weight + bias` for one row; `normal` and the return value, 1 / deviation, are what the gradient needs.
inline float normRow(const NormInput& in, int64_t row, const Dropout& site, float* y, float* normal) {
  const int64_t width = in.width;
  const float* x = in.x + row * width;
  if (in.inputBias == nullptr) {
    for (int64_t j = 0; j < width; ++j) normal[j] = x[j];
  } else {
#pragma omp simd
    for (int64_t j = 0; j < width; ++j) normal[j] = x[j] + in.inputBias[j];
  }
  if (site.rate > 0) dropRow(normal, normal, width, site, static_cast<uint64_t>(row));
  float sum = 0;
  if (in.residual != nullptr) {
    const float* residual = in.residual + row * width;
#pragma omp simd
    for (int64_t j = 0; j < width; ++j) normal[j] += residual[j];
  }
#pragma omp simd reduction(+ : sum)
  for (int64_t j = 0; j < width; ++j) sum += normal[j];
  const float mean = sum / static_cast<float>(width);
  float squares = 0;
#pragma omp simd reduction(+ : squares)
  for (int64_t j = 0; j < width; ++j) squares += (normal[j] - mean) * (normal[j] - mean);
  const float inverse = 1.0f / std::sqrt(squares / static_cast<float>(width) + in.epsilon);
#pragma omp simd
  for (int64_t j = 0; j < width; ++j) {
    normal[j] = (normal[j] - mean) * inverse;
    y[j] = normal[j] * in.weight[j] + in.bias[j];
  }
  return inverse;
}

struct NormGradient {
  const float* gradOutput;
  const float* normal;
  const float* inverse;
  const float* weight;
  int64_t width;
};

// What one row adds to the sums over rows; null where not wanted.
struct NormSums {
  float* inputBias;
  float* weight;
  float* bias;
};

// The gradient of one row: of the residual into `gradResidual`, of the product into `gradX` (null where not wanted).
inline void normRowGradient(const NormGradient& in, int64_t row, const Dropout& site, float* gradX, float* gradResidual,
                            const NormSums& sums) {
  const int64_t width = in.width;
  const float* gradOutput = in.gradOutput + row * width;
  const float* normal = in.normal + row * width;
  if (sums.weight != nullptr) {
#pragma omp simd
    for (int64_t j = 0; j < width; ++j) sums.weight[j] += gradOutput[j] * normal[j];
  }
  if (sums.bias != nullptr) {
#pragma omp simd
    for (int64_t j = 0; j < width; ++j) sums.bias[j] += gradOutput[j];
  }
  float mean = 0;
  float along = 0;
#pragma omp simd reduction(+ : mean, along)
  for (int64_t j = 0; j < width; ++j) {
    const float d = gradOutput[j] * in.weight[j];
    mean += d;
    along += d * normal[j];
  }
  mean /= static_cast<float>(width);
  along /= static_cast<float>(width);
  const float inverse = in.inverse[row];
  // inverse * (d - mean(d) - normal * mean(d * normal))
#pragma omp simd
  for (int64_t j = 0; j < width; ++j) {
    gradResidual[j] = inverse * (gradOutput[j] * in.weight[j] - mean - normal[j] * along);
  }
  if (gradX == nullptr) return;
  const float* dropped = gradResidual;
  if (site.rate > 0) {
    dropRow(gradResidual, gradX, width, site, static_cast<uint64_t>(row));
    dropped = gradX;
  } else {
    for (int64_t j = 0; j < width; ++j) gradX[j] = gradResidual[j];
  }
  if (sums.inputBias != nullptr) {
#pragma omp simd
    for (int64_t j = 0; j < width; ++j) sums.inputBias[j] += dropped[j];
  }
}

REGISTER_OP("ThawLayerNorm")
    .Input("x: float").Input("weight: float").Input("bias: float")
    .Output("y: float").Output("normal: float").Output("inverse: float")
    .Attr("epsilon: float");
REGISTER_OP("ThawResidualNorm")
    .Input("x: float").Input("weight: float").Input("bias: float")
    .Input("input_bias: float").Input("residual: float").Input("seed: int32")
    .Output("y: float").Output("normal: float").Output("inverse: float")
    .Attr("epsilon: float").Attr("rate: float");

class NormOp : public Kernel {
 public:
  using Kernel::Kernel;
  void Compute(OpKernelContext* context) override {
    const TensorShape& shape = tensorOf(context, "x").shape();
    const int64_t rows = shape.dim_size(0);
    const int64_t width = shape.dim_size(1);
    const bool residual = type_string() == "ThawResidualNorm";
    const NormInput in{floats(context, "x"),
                       residual ? floats(context, "input_bias") : nullptr,
                       residual ? floats(context, "residual") : nullptr,
                       floats(context, "weight"),
                       floats(context, "bias"),
                       width,
                       epsilon_};
    const int32_t noSeed[2] = {0, 0};
    const Dropout site = residual ? dropoutOf(context) : Dropout(0, noSeed);
    float* y = output(context, "y", shape);
    float* normal = output(context, "normal", shape);
    float* inverse = output(context, "inverse", TensorShape({rows}));
    if (y == nullptr || normal == nullptr || inverse == nullptr) return;
    parallel(context, rows, 2 * width, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        inverse[row] = normRow(in, row, site, y + row * width, normal + row * width);
      }
    });
  }
};
THAW_REGISTER("ThawLayerNorm", NormOp);
THAW_REGISTER("ThawResidualNorm", NormOp);

// The gradient of ThawResidualNorm; that of ThawLayerNorm's `x` is its `grad_residual`.
REGISTER_OP("ThawResidualNormGrad")
    .Input("grad_output: float").Input("normal: float").Input("inverse: float").Input("weight: float")
    .Input("seed: int32")
    .Output("grad_x: float").Output("grad_weight: float").Output("grad_bias: float").Output("grad_input_bias: float")
    .Output("grad_residual: float")
    .Attr("rate: float").Attr("wanted: int");

class NormGradOp : public Kernel {
 public:
  using Kernel::Kernel;
  void Compute(OpKernelContext* context) override {
    const TensorShape& shape = tensorOf(context, "grad_output").shape();
    const int64_t rows = shape.dim_size(0);
    const int64_t width = shape.dim_size(1);
    const NormGradient in{floats(context, "grad_output"), floats(context, "normal"), floats(context, "inverse"),
                          floats(context, "weight"), width};
    const Dropout site = dropoutOf(context);
    const auto gradient = [&](const char* name, const TensorShape& shape) {
      return output(context, name, shape, wants(name));
    };
    float* gradX = gradient("grad_x", shape);
    float* gradWeight = gradient("grad_weight", TensorShape({width}));
    float* gradBias = gradient("grad_bias", TensorShape({width}));
    float* gradInputBias = gradient("grad_input_bias", TensorShape({width}));
    float* gradResidual = gradient("grad_residual", shape);
    if (!context->status().ok()) return;
    RowSums sums(rows, width, kParts);
    sums.run(context, 3 * width, [&](int64_t row, const auto& part) {
      // what is not wanted itself may be on the way to what is: such rows go to a part of the block's own
      float* residual = gradResidual != nullptr ? gradResidual + row * width : part(kResidual);
      float* x = gradX != nullptr ? gradX + row * width : gradInputBias != nullptr ? part(kX) : nullptr;
      normRowGradient(in, row, site, x, residual,
                      {gradInputBias != nullptr ? part(kInputBias) : nullptr,
                       gradWeight != nullptr ? part(kWeight) : nullptr, gradBias != nullptr ? part(kBias) : nullptr});
    });
    sums.write(kInputBias, gradInputBias);
    sums.write(kWeight, gradWeight);
    sums.write(kBias, gradBias);
  }

 private:
  enum Part { kInputBias, kWeight, kBias, kResidual, kX, kParts };
};
THAW_REGISTER("ThawResidualNormGrad", NormGradOp);

}  // namespace
}  // namespace thaw
