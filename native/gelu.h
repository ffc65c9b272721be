// `gelu(x + bias)` in its exact form, x Phi(x) (Hendrycks and Gimpel 2016, arXiv:1606.08415), and its gradient.
#pragma once
#include <cstdint>

#include "vector_math.h"

namespace thaw {

inline float normalDistribution(float x) { return 0.5f * errorFunction(x * 0.70710678f) + 0.5f; }

inline void geluRow(const float* x, const float* bias, float* y, int64_t width) {
#pragma omp simd
  for (int64_t j = 0; j < width; ++j) {
    const float value = x[j] + bias[j];
    y[j] = value * normalDistribution(value);
  }
}

// `dx = dy * (Phi(x) + x phi(x))`; the distribution is computed again: cheaper than to keep it for every layer.
// `biasSum` takes the row's part of the bias gradient, and `y` the value of the forward pass.
inline void geluRowGradient(const float* dy, const float* x, const float* bias, float* dx, float* biasSum, float* y,
                            int64_t width) {
#pragma omp simd
  for (int64_t j = 0; j < width; ++j) {
    const float value = x[j] + bias[j];
    const float distribution = normalDistribution(value);
    const float density = 0.39894228f * exponential(-0.5f * value * value);
    const float gradient = dy[j] * (distribution + value * density);
    dx[j] = gradient;
    biasSum[j] += gradient;
    y[j] = value * distribution;
  }
}

}  // namespace thaw
