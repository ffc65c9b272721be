// The parts that all ops share: a base class with the common attributes, access to inputs and outputs by name, threads,
// and sums over rows. All matrices are float [rows, width].
#pragma once
#include <algorithm>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include "dropout.h"
#include "team.h"
#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/op_kernel.h"

namespace thaw {
namespace {

using tensorflow::OpInputList;
using tensorflow::OpKernelConstruction;
using tensorflow::OpKernelContext;
using tensorflow::Tensor;
using tensorflow::TensorShape;

// The input of this name, one tensor. An unknown name is a mistake in the op itself.
inline const Tensor& tensorOf(OpKernelContext* context, const char* name) {
  const Tensor* tensor = nullptr;
  const auto status = context->input(name, &tensor);
  if (!status.ok()) throw std::logic_error(std::string(status.message()));
  return *tensor;
}

// The input of this name, a list of tensors.
inline OpInputList listOf(OpKernelContext* context, const char* name) {
  OpInputList list;
  const auto status = context->input_list(name, &list);
  if (!status.ok()) throw std::logic_error(std::string(status.message()));
  return list;
}

inline const float* floats(const Tensor& tensor) { return tensor.flat<float>().data(); }
inline const float* floats(OpKernelContext* context, const char* name) { return floats(tensorOf(context, name)); }
inline const int32_t* ints(OpKernelContext* context, const char* name) {
  return tensorOf(context, name).flat<int32_t>().data();
}

// The output of this name in the given shape, or an empty one and null where it is not wanted; null also on failure, which
// the context then knows.
inline float* output(OpKernelContext* context, const char* name, const TensorShape& shape, bool wanted = true) {
  Tensor* tensor = nullptr;
  const auto status = context->allocate_output(name, wanted ? shape : TensorShape({0}), &tensor);
  if (!status.ok()) {
    context->CtxFailure(status);
    return nullptr;
  }
  return wanted ? tensor->flat<float>().data() : nullptr;
}

class Kernel : public tensorflow::OpKernel {
 public:
  explicit Kernel(OpKernelConstruction* context) : OpKernel(context) {
    if (context->HasAttr("rate")) OP_REQUIRES_OK(context, context->GetAttr("rate", &rate_));
    if (context->HasAttr("epsilon")) OP_REQUIRES_OK(context, context->GetAttr("epsilon", &epsilon_));
    if (context->HasAttr("wanted")) OP_REQUIRES_OK(context, context->GetAttr("wanted", &wanted_));
    if (context->HasAttr("heads")) OP_REQUIRES_OK(context, context->GetAttr("heads", &heads_));
  }

 protected:
  // Whether this output of a gradient op is to be computed: the attribute `wanted` has one bit per output, in their order.
  bool wants(const char* outputName) const {
    int first = 0;
    int end = 0;
    const auto status = OutputRange(outputName, &first, &end);
    if (!status.ok()) throw std::logic_error(std::string(status.message()));
    return (wanted_ >> first & 1) != 0;
  }

  // The dropout of the op, with the seed pair of its input `seed`.
  Dropout dropoutOf(OpKernelContext* context) const { return Dropout(rate_, ints(context, "seed")); }

  float rate_ = 0;
  float epsilon_ = 0;
  int wanted_ = 0;
  int heads_ = 1;
};

// An op of which no exception leaves: the process would end with it. What vectors cannot get is an error of the op as what
// TensorFlow cannot allocate.
template <typename Op>
class Guarded : public Op {
 public:
  using Op::Op;
  void Compute(OpKernelContext* context) override {
    try {
      Op::Compute(context);
    } catch (const std::exception& error) {
      context->CtxFailure(absl::ResourceExhaustedError(std::string("OOM in a fused operation: ") + error.what()));
    }
  }
};

#define THAW_REGISTER(name, Op) \
  REGISTER_KERNEL_BUILDER(Name(name).Device(tensorflow::DEVICE_CPU), Guarded<Op>)

// As many threads as TensorFlow uses.
inline int threadsOf(OpKernelContext* context) {
  return context->device()->tensorflow_cpu_worker_threads()->num_threads;
}

// Runs `work(begin, end)` over [0, total) on all threads; `cost` is about the nanoseconds of one item. There are more
// pieces than threads: one thread may be held up by another process.
template <typename Work>
inline void parallel(OpKernelContext* context, int64_t total, int64_t cost, const Work& work) {
  constexpr int64_t kWorthwhile = 4000;
  const int threads = threadsOf(context);
  const int64_t pieces = std::min<int64_t>(4 * threads, total * std::max<int64_t>(cost, 1) / kWorthwhile);
  Team::shared(threads).run(total, pieces, work);
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
  void run(OpKernelContext* context, int64_t costOfRow, const Row& row) {
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

}  // namespace
}  // namespace thaw
