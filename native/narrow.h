// bfloat16: the upper half of a float32, so the same range and 8 bits of precision. Two of them in one 32-bit word, the
// first in its lower half, are what the processor multiplies (VDPBF16PS) and what tfjs, which has no such type, stores.
#pragma once
#include <cstdint>
#include <cstring>

namespace thaw {

// Rounded to the nearest, ties to even, in the upper half of the result; a number that is none stays none.
inline uint32_t narrowed(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  const uint32_t rounded = bits + 0x7fff + (bits >> 16 & 1);
  const uint32_t quiet = bits | 0x400000;
  return ((bits & 0x7fffffff) > 0x7f800000 ? quiet : rounded) & 0xffff0000;
}

inline uint32_t narrowPair(float first, float second) { return narrowed(first) >> 16 | narrowed(second); }

inline float floatOf(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}

inline float firstOf(uint32_t pair) { return floatOf(pair << 16); }
inline float secondOf(uint32_t pair) { return floatOf(pair & 0xffff0000); }

inline int64_t pairsOf(int64_t width) { return (width + 1) / 2; }

// `to [pairsOf(width)]`; beside the last of an odd number lies a zero.
inline void narrowRow(const float* from, uint32_t* to, int64_t width) {
  for (int64_t i = 0; i < width / 2; ++i) to[i] = narrowPair(from[2 * i], from[2 * i + 1]);
  if (width % 2 != 0) to[width / 2] = narrowPair(from[width - 1], 0.0f);
}

// The reverse, without the zero.
inline void widenRow(const uint32_t* from, float* to, int64_t width) {
  for (int64_t i = 0; i < width / 2; ++i) {
    to[2 * i] = firstOf(from[i]);
    to[2 * i + 1] = secondOf(from[i]);
  }
  if (width % 2 != 0) to[width - 1] = firstOf(from[width / 2]);
}

}  // namespace thaw
