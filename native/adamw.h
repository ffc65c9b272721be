// One step of AdamW (Loshchilov and Hutter 2017, arXiv:1711.05101) with PyTorch's numbers, in one pass over memory.
#pragma once
#include <cmath>
#include <cstdint>

namespace thaw {

// In the order of the op's input `factors`.
struct AdamWFactors {
  float gradientScale;  // clipping
  float keep;           // 1 - learning rate * weight decay
  float gradientShare;  // 1 - beta1
  float beta2;
  float squareShare;  // 1 - beta2
  float stepSize;       // learning rate / (1 - beta1^t)
  float rootInverse;    // 1 / sqrt(1 - beta2^t)
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

}  // namespace thaw
