// What every kernel here needs of TensorFlow: threads, outputs that may be left out, and sums over rows.
#pragma once
#include <algorithm>
#include <vector>

#include "dropout.h"
#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/op_kernel.h"
#include "team.h"

namespace thaw {

// As many as TensorFlow uses.
inline int threadsOf(tensorflow::OpKernelContext* context) {
  return context->device()->tensorflow_cpu_worker_threads()->num_threads;
}

// Runs `work(begin, end)` over [0, total) on all threads; `cost` is about the nanoseconds of one item. There are more
// pieces than threads: one thread may be held up by another process.
template <typename Work>
inline void parallel(tensorflow::OpKernelContext* context, int64_t total, int64_t cost, const Work& work) {
  constexpr int64_t kWorthwhile = 4000;
  const int threads = threadsOf(context);
  const int64_t pieces = std::min<int64_t>(4 * threads, total * std::max<int64_t>(cost, 1) / kWorthwhile);
  Team::shared(threads).run(total, pieces, work);
}

inline const float* input(tensorflow::OpKernelContext* context, int index) {
  return context->input(index).flat<float>().data();
}

// Output `index` of the given shape, or an empty one and null where it is not wanted; null also on failure, which the
// context then knows.
inline float* output(tensorflow::OpKernelContext* context, int index, const tensorflow::TensorShape& shape,
                     bool wanted = true) {
  tensorflow::Tensor* tensor = nullptr;
  const auto status = context->allocate_output(index, wanted ? shape : tensorflow::TensorShape({0}), &tensor);
  if (!status.ok()) {
    context->CtxFailure(status);
    return nullptr;
  }
  return wanted ? tensor->flat<float>().data() : nullptr;
}

inline Dropout dropoutOf(tensorflow::OpKernelContext* context, float rate, int seedInput) {
  return Dropout(rate, context->input(seedInput).flat<int32_t>().data());
}

// Sums over rows in blocks of fixed size, added in order: the same bits on any number of threads.
class RowSums {
 public:
  static constexpr int64_t kRows = 16;

  RowSums(int64_t rows, int64_t width, int count)
      : rows_(rows), width_(width), count_(count), blocks_((rows + kRows - 1) / kRows),
        parts_(static_cast<size_t>(blocks_ * width * count), 0.0f) {}

  // Calls `row(index, part)` for every row, where `part(i)` is the place to add to the i-th sum.
  template <typename Row>
  void run(tensorflow::OpKernelContext* context, int64_t costOfRow, const Row& row) {
    parallel(context, blocks_, costOfRow * kRows, [&](int64_t begin, int64_t end) {
      for (int64_t block = begin; block < end; ++block) {
        const auto part = [&](int i) { return parts_.data() + (block * count_ + i) * width_; };
        const int64_t last = std::min(rows_, (block + 1) * kRows);
        for (int64_t index = block * kRows; index < last; ++index) row(index, part);
      }
    });
  }

  // Writes the i-th sum, [width]; nothing where `to` is null.
  void write(int i, float* to) const {
    if (to == nullptr) return;
    std::fill(to, to + width_, 0.0f);
    for (int64_t block = 0; block < blocks_; ++block) {
      const float* part = parts_.data() + (block * count_ + i) * width_;
#pragma omp simd
      for (int64_t j = 0; j < width_; ++j) to[j] += part[j];
    }
  }

 private:
  const int64_t rows_;
  const int64_t width_;
  const int count_;
  const int64_t blocks_;
  std::vector<float> parts_;
};

}  // namespace thaw
