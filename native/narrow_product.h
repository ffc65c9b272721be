// Matrix products in bfloat16 with sums in float32: the layout and multiplication of panels of pairs for product.h.
#pragma once
#include "narrow.h"
#include "product.h"
#ifdef __AVX512BF16__
#include <immintrin.h>
#endif

namespace thaw {

// Both factors are rounded while they are packed; an item holds two terms of the sum, the second 0 beyond the last.
struct NarrowTerms {
  using Item = uint32_t;
  static constexpr int64_t kTerms = 2;

  static Item item(const float* from, int64_t stride) { return narrowPair(from[0], from[stride]); }
  static Item lastItem(const float* from) { return narrowPair(from[0], 0.0f); }
  template <typename Width>
  static void items(const float* from, int64_t stride, Width width, Item* to) {
#pragma omp simd
    for (int64_t row = 0; row < width; ++row) to[row] = item(from + row, stride);
  }

#ifdef __AVX512BF16__
  // Of each pair the second product is added first: what the instruction does, with one rounding a product (Intel SDM,
  // VDPBF16PS). It takes numbers below 2^-126 for zeros.
  static void multiply(int64_t depth, const Item* left, const Item* right, Lanes (&sums)[kTileRows][2]) {
    for (int row = 0; row < kTileRows; ++row) sums[row][0] = sums[row][1] = Lanes{};
#pragma GCC unroll 4
    for (int64_t k = 0; k < depth; ++k) {
      const __m512bh right0 = (__m512bh)_mm512_loadu_si512(right);
      const __m512bh right1 = (__m512bh)_mm512_loadu_si512(right + kLanes);
#pragma GCC unroll 16
      for (int row = 0; row < kTileRows; ++row) {
        const __m512bh pair = (__m512bh)_mm512_set1_epi32(static_cast<int>(left[row]));
        sums[row][0] = (Lanes)_mm512_dpbf16_ps((__m512)sums[row][0], pair, right0);
        sums[row][1] = (Lanes)_mm512_dpbf16_ps((__m512)sums[row][1], pair, right1);
      }
      left += kTileRows;
      right += kTileColumns;
    }
  }
#else
  // The same sums without the instruction, several times slower: for tests of the numbers.
  static void multiply(int64_t depth, const Item* left, const Item* right, Lanes (&sums)[kTileRows][2]) {
    for (int row = 0; row < kTileRows; ++row) sums[row][0] = sums[row][1] = Lanes{};
    for (int64_t k = 0; k < depth; ++k) {
      for (int half = 0; half < 2; ++half) {
        const Words words = loadWords(right + half * kLanes);
        const Lanes firsts = (Lanes)(words << 16);
        const Lanes seconds = (Lanes)(words & 0xffff0000u);
        for (int row = 0; row < kTileRows; ++row) {
          sums[row][half] += secondOf(left[row]) * seconds;
          sums[row][half] += firstOf(left[row]) * firsts;
        }
      }
      left += kTileRows;
      right += kTileColumns;
    }
  }

 private:
  typedef uint32_t Words __attribute__((vector_size(4 * kLanes)));

  static Words loadWords(const Item* from) {
    Words words;
    std::memcpy(&words, from, sizeof(words));
    return words;
  }
#endif
};

}  // namespace thaw
