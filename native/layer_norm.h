// Layer normalisation of `dropout(x + input bias) + residual`, row by row, and its gradient.
#pragma once
#include <cmath>
#include <cstdint>

#include "dropout.h"

namespace thaw {

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
  const float* dy;
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

// The gradient of one row: of the residual into `dResidual`, of the product into `dx` (null where not wanted).
inline void normRowGradient(const NormGradient& in, int64_t row, const Dropout& site, float* dx, float* dResidual,
                            const NormSums& sums) {
  const int64_t width = in.width;
  const float* dy = in.dy + row * width;
  const float* normal = in.normal + row * width;
  if (sums.weight != nullptr) {
#pragma omp simd
    for (int64_t j = 0; j < width; ++j) sums.weight[j] += dy[j] * normal[j];
  }
  if (sums.bias != nullptr) {
#pragma omp simd
    for (int64_t j = 0; j < width; ++j) sums.bias[j] += dy[j];
  }
  float mean = 0;
  float along = 0;
#pragma omp simd reduction(+ : mean, along)
  for (int64_t j = 0; j < width; ++j) {
    const float d = dy[j] * in.weight[j];
    mean += d;
    along += d * normal[j];
  }
  mean /= static_cast<float>(width);
  along /= static_cast<float>(width);
  const float inverse = in.inverse[row];
  // d(input) = inverse * (d - mean(d) - normal * mean(d * normal))
#pragma omp simd
  for (int64_t j = 0; j < width; ++j) dResidual[j] = inverse * (dy[j] * in.weight[j] - mean - normal[j] * along);
  if (dx == nullptr) return;
  const float* dropped = dResidual;
  if (site.rate > 0) {
    dropRow(dResidual, dx, width, site, static_cast<uint64_t>(row));
    dropped = dx;
  } else {
    for (int64_t j = 0; j < width; ++j) dx[j] = dResidual[j];
  }
  if (sums.inputBias != nullptr) {
#pragma omp simd
    for (int64_t j = 0; j < width; ++j) sums.inputBias[j] += dropped[j];
  }
}

}  // namespace thaw
