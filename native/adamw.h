// One step of AdamW (Loshchilov and Hutter 2017, arXiv:1711.05101) with PyTorch's numbers, in one pass over memory.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>

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

// Whether gradient and moments are zero throughout: so are those of every row of an embedding that no text has used
// yet, most of a vocabulary. Then only decay is due, and half of the memory need not be written.
inline bool isUntouched(const float* m, const float* v, const float* gradient, int64_t begin, int64_t end) {
  int32_t bits = 0;
#pragma omp simd reduction(| : bits)
  for (int64_t i = begin; i < end; ++i) {
    int32_t a, b, c;
    std::memcpy(&a, gradient + i, 4);
    std::memcpy(&b, m + i, 4);
    std::memcpy(&c, v + i, 4);
    bits |= a | b | c;
  }
  return (bits & 0x7fffffff) == 0;
}

inline void adamWBlock(float* weight, float* m, float* v, const float* gradient, int64_t begin, int64_t end,
                       const AdamWFactors& f) {
  if (isUntouched(m, v, gradient, begin, end)) {
    if (f.keep == 1.0f) return;
#pragma omp simd
    for (int64_t i = begin; i < end; ++i) weight[i] *= f.keep;
    return;
  }
#pragma omp simd
  for (int64_t i = begin; i < end; ++i) {
    const float g = gradient[i] * f.gradientScale;
    m[i] += (g - m[i]) * f.gradientShare;
    v[i] = v[i] * f.beta2 + g * g * f.squareShare;
    weight[i] = weight[i] * f.keep - f.stepSize * m[i] / (std::sqrt(v[i]) * f.rootInverse + f.epsilon);
  }
}

inline void adamW(float* weight, float* m, float* v, const float* gradient, int64_t begin, int64_t end,
                  const AdamWFactors& f) {
  constexpr int64_t kBlock = 128;  // a third of a row of the smallest models, and in cache when it is read again
  for (int64_t first = begin; first < end; first += kBlock) {
    adamWBlock(weight, m, v, gradient, first, std::min(end, first + kBlock), f);
  }
}

}  // namespace thaw
