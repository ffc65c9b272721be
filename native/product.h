// Matrix products. Each element of a result is summed in the same order by the same instructions, wherever it lies and
// whatever else the matrices hold, so a row has the same bits in every batch and on any number of threads. Libraries do
// not guarantee that; without it, stored outputs of frozen layers would not equal computed ones exactly.
//
// The scheme is that of Goto and van de Geijn (2008, doi:10.1145/1356052.1356053): both factors are copied into panels
// that are read from end to end, and a tile of the result stays in registers.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace thaw {

#ifdef __AVX512F__
constexpr int kLanes = 16;
constexpr int kTileRows = 12;  // 24 of 32 registers hold the tile
#else
constexpr int kLanes = 8;
constexpr int kTileRows = 6;  // 12 of 16
#endif
constexpr int kTileColumns = 2 * kLanes;
constexpr int64_t kDepth = 3072 / kLanes;  // terms of a sum at a time: a panel of the right factor stays in the L1 cache
constexpr int64_t kBlockRows = 24 * kTileRows;  // rows of the left factor at a time: they stay in the L2 cache

typedef float Lanes __attribute__((vector_size(4 * kLanes)));

inline Lanes loadLanes(const float* from) {
  Lanes value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

// A matrix whose element (row, column) lies at data[row * rowStride + column * columnStride]; one of the two is 1.
struct Factor {
  const float* data;
  int64_t rowStride;
  int64_t columnStride;

  const float* at(int64_t row, int64_t column) const { return data + row * rowStride + column * columnStride; }
};

inline int64_t tiles(int64_t size, int64_t tile) { return (size + tile - 1) / tile; }

// Copies `depth` items of `width` rows, from `from` on, into [depth][panel]. A width known to the compiler becomes vector
// instructions.
template <typename Terms, int panel, typename Width>
inline void packRows(const float* from, int64_t rowStride, int64_t columnStride, Width width, int64_t depth,
                     typename Terms::Item* to) {
  if (rowStride == 1) {
    for (int64_t k = 0; k < depth; ++k) {
      Terms::items(from + k * Terms::kTerms * columnStride, columnStride, width, to + k * panel);
    }
    return;
  }
  constexpr int64_t kStretch = 8;  // of each row at a time: what is written meanwhile stays in cache
  for (int64_t first = 0; first < depth; first += kStretch) {
    const int64_t last = std::min(depth, first + kStretch);
    for (int64_t row = 0; row < width; ++row) {
      for (int64_t k = first; k < last; ++k) {
        to[k * panel + row] = Terms::item(from + row * rowStride + k * Terms::kTerms * columnStride, columnStride);
      }
    }
  }
}

// The same for `terms` columns of `width <= panel` rows, with zeros beyond them.
template <typename Terms, int panel>
inline void packPanel(const float* from, int64_t rowStride, int64_t columnStride, int64_t width, int64_t terms,
                      typename Terms::Item* to) {
  const int64_t depth = terms / Terms::kTerms;
  if (width < panel) std::fill(to, to + tiles(terms, Terms::kTerms) * panel, typename Terms::Item{0});
  if (width == panel) {
    packRows<Terms, panel>(from, rowStride, columnStride, std::integral_constant<int64_t, panel>(), depth, to);
  } else {
    packRows<Terms, panel>(from, rowStride, columnStride, width, depth, to);
  }
  if (terms % Terms::kTerms == 0) return;
  from += depth * Terms::kTerms * columnStride;
  for (int64_t row = 0; row < width; ++row) to[depth * panel + row] = Terms::lastItem(from + row * rowStride);
}

// How the terms of a sum lie in panels and are multiplied: in float32, one an item.
struct WideTerms {
  using Item = float;
  static constexpr int64_t kTerms = 1;

  // The item of the terms at `from` and, where it holds more, `stride` further on; of the last term alone; and those of
  // neighbouring rows.
  static Item item(const float* from, int64_t) { return *from; }
  static Item lastItem(const float* from) { return *from; }
  template <typename Width>
  static void items(const float* from, int64_t, Width width, Item* to) {
    std::copy_n(from, +width, to);
  }

  // `sums = left right` over `depth` items; `left [depth][kTileRows]`, `right [depth][kTileColumns]`.
  static void multiply(int64_t depth, const Item* left, const Item* right, Lanes (&sums)[kTileRows][2]) {
    for (int row = 0; row < kTileRows; ++row) sums[row][0] = sums[row][1] = Lanes{};
#pragma GCC unroll 4
    for (int64_t k = 0; k < depth; ++k) {
      Lanes right0 = loadLanes(right);
      Lanes right1 = loadLanes(right + kLanes);
#ifdef __x86_64__
      __asm__("" : "+v"(right0), "+v"(right1));  // in registers, or the compiler loads them anew for every row
#endif
#pragma GCC unroll 16
      for (int row = 0; row < kTileRows; ++row) {
        sums[row][0] += left[row] * right0;
        sums[row][1] += left[row] * right1;
      }
      left += kTileRows;
      right += kTileColumns;
    }
  }
};

// `c = start + sums`, or `c += sums` where `start` is null, for the first rows and columns of the tile. Rows of `c` and
// of `start` lie `stride` and `startStride` apart.
inline void storeTile(const Lanes (&sums)[kTileRows][2], float* c, int64_t stride, int64_t rows, int64_t columns,
                      const float* start, int64_t startStride) {
  if (start == nullptr) {
    start = c;
    startStride = stride;
  }
  for (int64_t row = 0; row < rows; ++row) {
    float* to = c + row * stride;
    const float* from = start + row * startStride;
    if (columns == kTileColumns) {
      const Lanes first = loadLanes(from) + sums[row][0];
      const Lanes second = loadLanes(from + kLanes) + sums[row][1];
      std::memcpy(to, &first, sizeof(first));
      std::memcpy(to + kLanes, &second, sizeof(second));
    } else {
      float values[kTileColumns];
      std::memcpy(values, sums[row], sizeof(values));
      for (int64_t j = 0; j < columns; ++j) to[j] = from[j] + values[j];
    }
  }
}

// The right factor of a product in panels: for each stretch of kDepth items, for each kTileColumns columns.
template <typename Terms>
struct PackedRight {
  const typename Terms::Item* panels;
  int64_t inner;  // terms
  int64_t columns;

  static int64_t size(int64_t inner, int64_t columns) {
    return tiles(inner, Terms::kTerms) * tiles(columns, kTileColumns) * kTileColumns;
  }
  int64_t items() const { return tiles(inner, Terms::kTerms); }
  int64_t depth(int64_t first) const { return std::min(kDepth, items() - first); }
  // Of a stretch that begins at item `first`.
  int64_t terms(int64_t first) const { return std::min(kDepth * Terms::kTerms, inner - first * Terms::kTerms); }
  // Where the panel for these columns and the items from `first` on begins.
  int64_t offset(int64_t first, int64_t panel) const {
    return (first * tiles(columns, kTileColumns) + panel * depth(first)) * kTileColumns;
  }
};

// Fills one panel, for all items.
template <typename Terms>
inline void packRight(const Factor& right, const PackedRight<Terms>& packed, int64_t panel,
                      typename Terms::Item* panels) {
  const int64_t column = panel * kTileColumns;
  for (int64_t first = 0; first < packed.items(); first += kDepth) {
    packPanel<Terms, kTileColumns>(right.at(first * Terms::kTerms, column), right.columnStride, right.rowStride,
                                   std::min<int64_t>(kTileColumns, packed.columns - column), packed.terms(first),
                                   panels + packed.offset(first, panel));
  }
}

// Rows [begin, end) of `c = start + left right`; `start` is a row for all of them, or null to add to `c`. `space` has
// room for kBlockRows * kDepth items.
template <typename Terms>
inline void multiplyRows(const Factor& left, const PackedRight<Terms>& right, float* c, int64_t begin, int64_t end,
                         const float* start, typename Terms::Item* space) {
  for (int64_t first = 0; first < right.items(); first += kDepth) {
    const int64_t depth = right.depth(first);
    for (int64_t block = begin; block < end; block += kBlockRows) {
      const int64_t rows = std::min(kBlockRows, end - block);
      for (int64_t i = 0; i < rows; i += kTileRows) {
        packPanel<Terms, kTileRows>(left.at(block + i, first * Terms::kTerms), left.rowStride, left.columnStride,
                                    std::min<int64_t>(kTileRows, rows - i), right.terms(first), space + i * depth);
      }
      for (int64_t panel = 0; panel * kTileColumns < right.columns; ++panel) {
        const int64_t column = panel * kTileColumns;
        const int64_t columns = std::min<int64_t>(kTileColumns, right.columns - column);
        for (int64_t i = 0; i < rows; i += kTileRows) {
          float* tile = c + (block + i) * right.columns + column;
          for (int64_t row = 0; row < kTileRows; ++row) __builtin_prefetch(tile + row * right.columns, 1);
          Lanes sums[kTileRows][2];
          Terms::multiply(depth, space + i * depth, right.panels + right.offset(first, panel), sums);
          storeTile(sums, tile, right.columns,
                    std::min<int64_t>(kTileRows, rows - i), columns,
                    first == 0 && start != nullptr ? start + column : nullptr, 0);
        }
      }
    }
  }
}

}  // namespace thaw
