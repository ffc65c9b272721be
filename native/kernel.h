// The base of the ops: the attributes that they share. All matrices are float [rows, width]; `wanted` says by bits
// which outputs of a gradient are computed.
#pragma once
#include <exception>
#include <string>

#include "op_support.h"

namespace thaw {
namespace {

using tensorflow::OpKernelConstruction;
using tensorflow::OpKernelContext;
using tensorflow::Tensor;
using tensorflow::TensorShape;

class Kernel : public tensorflow::OpKernel {
 public:
  explicit Kernel(OpKernelConstruction* context) : OpKernel(context) {
    if (context->HasAttr("rate")) OP_REQUIRES_OK(context, context->GetAttr("rate", &rate_));
    if (context->HasAttr("epsilon")) OP_REQUIRES_OK(context, context->GetAttr("epsilon", &epsilon_));
    if (context->HasAttr("wanted")) OP_REQUIRES_OK(context, context->GetAttr("wanted", &wanted_));
    if (context->HasAttr("heads")) OP_REQUIRES_OK(context, context->GetAttr("heads", &heads_));
  }

 protected:
  bool wants(int output) const { return (wanted_ >> output & 1) != 0; }

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

}  // namespace
}  // namespace thaw
