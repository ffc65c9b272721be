// Counter-based dropout masks: whether a value is kept depends only on the seed pair and its row and column. So the
// backward pass can compute the mask again, on any number of threads, and composed ops have the same mask
// (src/tensor/dropoutMask.ts has the same definition).
#pragma once
#include <cstdint>

namespace thaw {

// The mask of one site of the model: probability of zero, and the seed pair.
struct Dropout {
  float rate;
  uint64_t seed;

  Dropout(float rate, const int32_t* pair)
      : rate(rate), seed(static_cast<uint64_t>(static_cast<uint32_t>(pair[0])) << 32 | static_cast<uint32_t>(pair[1])) {}
};

// The mask of one row: a factor per column, `1 / (1 - rate)` or 0.
class RowMask {
 public:
  RowMask(const Dropout& site, uint64_t row)
      : threshold_(static_cast<int32_t>(site.rate * 16777216.0f)), kept_(1.0f / (1.0f - site.rate)) {
    const uint64_t key = mix(mix(site.seed) + row);
    first_ = static_cast<uint32_t>(key);
    second_ = static_cast<uint32_t>(key >> 32);
  }

  float operator()(uint32_t column) const {
    uint32_t x = column * 0x9e3779b9u + first_;
    x = (x ^ (x >> 16)) * 0x7feb352du;
    x = ((x ^ (x >> 15)) + second_) * 0x846ca68bu;
    x = (x ^ (x >> 16)) * 0x7feb352du;
    return static_cast<int32_t>(x >> 8) >= threshold_ ? kept_ : 0.0f;
  }

 private:
  // splitmix64 (Steele, Lea and Flood 2014)
  static uint64_t mix(uint64_t x) {
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
  }

  int32_t threshold_;
  float kept_;
  uint32_t first_;
  uint32_t second_;
};

// `y[i] = x[i] * mask[i]` for one row, or its part from column `first` on; `y` may be `x`.
inline void dropRow(const float* x, float* y, int64_t width, const Dropout& site, uint64_t row, int64_t first = 0) {
  const RowMask mask(site, row);
#pragma omp simd
  for (int64_t j = 0; j < width; ++j) y[j] = x[j] * mask(static_cast<uint32_t>(first + j));
}

}  // namespace thaw
