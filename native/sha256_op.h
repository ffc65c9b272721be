// TensorFlow op for the SHA-256 of tensors, read where they lie: a copy of all weights and moments would take as long as
// hashing them, and as much memory again.
#pragma once
#include "kernel.h"

// BoringSSL's, which TensorFlow's library brings and exports, or that of OpenSSL, which Node does: both have this signature.
extern "C" unsigned char* SHA256(const unsigned char* data, size_t size, unsigned char* hash);

namespace thaw {
namespace {

// Each row of `hashes`, [N, 8], has the 32 bytes of the hash of one tensor.
REGISTER_OP("ThawSha256").Input("x: N * float").Output("hashes: int32").Attr("N: int >= 1");

class Sha256Op : public Kernel {
 public:
  using Kernel::Kernel;
  void Compute(OpKernelContext* context) override {
    const OpInputList tensors = listOf(context, "x");
    Tensor* hashes = nullptr;
    OP_REQUIRES_OK(context, context->allocate_output("hashes", TensorShape({tensors.size(), 8}), &hashes));
    auto* bytes = reinterpret_cast<unsigned char*>(hashes->flat<int32_t>().data());
    // The largest first, and each by whoever is free: one may be as large as all others together.
    std::vector<int> order(static_cast<size_t>(tensors.size()));
    for (int i = 0; i < tensors.size(); ++i) order[static_cast<size_t>(i)] = i;
    std::stable_sort(order.begin(), order.end(),
                     [&](int a, int b) { return tensors[a].NumElements() > tensors[b].NumElements(); });
    std::atomic<int> next{0};
    const int threads = threadsOf(context);
    Team::shared(threads).run(threads, threads, [&](int64_t, int64_t) {
      for (int at = next++; at < tensors.size(); at = next++) {
        const int i = order[static_cast<size_t>(at)];
        const auto* data = reinterpret_cast<const unsigned char*>(floats(tensors[i]));
        SHA256(data, sizeof(float) * static_cast<size_t>(tensors[i].NumElements()), bytes + 32 * i);
      }
    });
  }
};
THAW_REGISTER("ThawSha256", Sha256Op);

}  // namespace
}  // namespace thaw
