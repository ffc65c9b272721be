// TensorFlow op that measures the use of TensorFlow's memory pool and can release its free memory to the system.
#pragma once
#if defined(__linux__)
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>
#endif

#include "kernel.h"
#include "scatter_add_op.h"
#include "tensorflow/core/common_runtime/bfc_allocator.h"
#include "tensorflow/core/protobuf/bfc_memory_map.pb.h"

namespace thaw {
namespace {

// Bytes in use, the most that were since the last `reset`, those that the pool has taken, those that it may take, and those
// in use as they were asked for: the pool gives larger pieces. Zeros where the allocator does not count them.
REGISTER_OP("ThawMemory").Output("bytes: float").Attr("reset: bool").Attr("release: bool").SetIsStateful();

class MemoryOp : public tensorflow::OpKernel {
 public:
  explicit MemoryOp(OpKernelConstruction* context) : OpKernel(context) {
    OP_REQUIRES_OK(context, context->GetAttr("reset", &reset_));
    OP_REQUIRES_OK(context, context->GetAttr("release", &release_));
  }
  void Compute(OpKernelContext* context) override {
    tensorflow::Allocator* allocator = context->device()->GetAllocator({});
    if (release_) release(allocator);
    const auto stats = allocator->GetStats();
    int64_t requested = 0;
    if (auto* pool = dynamic_cast<tensorflow::BFCAllocator*>(allocator)) {
      const auto map = pool->RecordMemoryMap();
      for (const auto& chunk : map.chunk()) requested += chunk.in_use() ? chunk.requested_size() : 0;
    }
    if (reset_) allocator->ClearStats();
    float* bytes = output(context, "bytes", TensorShape({5}));
    if (bytes == nullptr) return;
    bytes[0] = stats ? static_cast<float>(stats->bytes_in_use) : 0.0f;
    bytes[1] = stats ? static_cast<float>(stats->peak_bytes_in_use) : 0.0f;
    bytes[2] = stats ? static_cast<float>(stats->pool_bytes.value_or(stats->bytes_in_use)) : 0.0f;
    bytes[3] = stats ? static_cast<float>(stats->bytes_limit.value_or(0)) : 0.0f;
    bytes[4] = static_cast<float>(requested);
  }

 private:
  // The pool keeps its addresses, and its free parts lose their pages. No other op runs meanwhile: all are called from one
  // thread, and have ended when they return.
  static void release(tensorflow::Allocator* allocator) {
    releaseKeptSums();
#if defined(__linux__)
    if (auto* pool = dynamic_cast<tensorflow::BFCAllocator*>(allocator)) {
      const auto page = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
      const auto map = pool->RecordMemoryMap();
      for (const auto& chunk : map.chunk()) {
        if (chunk.in_use()) continue;
        const uint64_t begin = (chunk.address() + page - 1) / page * page;
        const uint64_t end = (chunk.address() + chunk.size()) / page * page;
        if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
      }
    }
#if defined(__GLIBC__)
    malloc_trim(0);
#endif
#endif
  }

  bool reset_ = false;
  bool release_ = false;
};
THAW_REGISTER("ThawMemory", MemoryOp);

}  // namespace
}  // namespace thaw
