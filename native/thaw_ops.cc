// Thaw's own TensorFlow ops: what a training step does beside the products, each in one pass over memory. Loaded into
// the process of tfjs-node, where registering them is enough for its `executeMultipleOutputs` to find them.
// All matrices are float [rows, width]; `wanted` says by bits which outputs of a gradient are computed.
#include "adamw.h"
#include "attention.h"
#include "gelu.h"
#include "layer_norm.h"
#include "op_support.h"
#include "tensorflow/core/framework/resource_mgr.h"
#include "tensorflow/core/framework/resource_var.h"

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

REGISTER_OP("ThawDropout").Input("x: float").Input("seed: int32").Output("y: float").Attr("rate: float");

// `x * mask`: the op, and its gradient.
class DropoutOp : public Kernel {
 public:
  using Kernel::Kernel;
  void Compute(OpKernelContext* context) override {
    const Tensor& x = context->input(0);
    const int64_t width = x.dim_size(x.dims() - 1);
    float* y = output(context, 0, x.shape());
    if (y == nullptr || width == 0) return;
    const Dropout site = dropoutOf(context, rate_, 1);
    const float* from = input(context, 0);
    parallel(context, x.NumElements() / width, width, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        dropRow(from + row * width, y + row * width, width, site, static_cast<uint64_t>(row));
      }
    });
  }
};
REGISTER_KERNEL_BUILDER(Name("ThawDropout").Device(tensorflow::DEVICE_CPU), DropoutOp);

REGISTER_OP("ThawLayerNorm")
    .Input("x: float").Input("weight: float").Input("bias: float")
    .Output("y: float").Output("normal: float").Output("inverse: float")
    .Attr("epsilon: float");
REGISTER_OP("ThawResidualNorm")
    .Input("x: float").Input("weight: float").Input("bias: float")
    .Input("input_bias: float").Input("residual: float").Input("seed: int32")
    .Output("y: float").Output("normal: float").Output("inverse: float")
    .Attr("epsilon: float").Attr("rate: float");

class NormOp : public Kernel {
 public:
  using Kernel::Kernel;
  void Compute(OpKernelContext* context) override {
    const TensorShape& shape = context->input(0).shape();
    const int64_t rows = shape.dim_size(0);
    const int64_t width = shape.dim_size(1);
    const bool residual = context->num_inputs() > 3;
    const NormInput in{input(context, 0), residual ? input(context, 3) : nullptr,
                       residual ? input(context, 4) : nullptr, input(context, 1), input(context, 2), width, epsilon_};
    const int32_t noSeed[2] = {0, 0};
    const Dropout site = residual ? dropoutOf(context, rate_, 5) : Dropout(0, noSeed);
    float* y = output(context, 0, shape);
    float* normal = output(context, 1, shape);
    float* inverse = output(context, 2, TensorShape({rows}));
    if (y == nullptr || normal == nullptr || inverse == nullptr) return;
    parallel(context, rows, 2 * width, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        inverse[row] = normRow(in, row, site, y + row * width, normal + row * width);
      }
    });
  }
};
REGISTER_KERNEL_BUILDER(Name("ThawLayerNorm").Device(tensorflow::DEVICE_CPU), NormOp);
REGISTER_KERNEL_BUILDER(Name("ThawResidualNorm").Device(tensorflow::DEVICE_CPU), NormOp);

// Gradients in the order of the inputs of ThawResidualNorm; those of ThawLayerNorm's `x` are its `residual`'s.
REGISTER_OP("ThawResidualNormGrad")
    .Input("dy: float").Input("normal: float").Input("inverse: float").Input("weight: float").Input("seed: int32")
    .Output("x: float").Output("d_weight: float").Output("bias: float").Output("input_bias: float")
    .Output("residual: float")
    .Attr("rate: float").Attr("wanted: int");

class NormGradOp : public Kernel {
 public:
  using Kernel::Kernel;
  void Compute(OpKernelContext* context) override {
    const TensorShape& shape = context->input(0).shape();
    const int64_t rows = shape.dim_size(0);
    const int64_t width = shape.dim_size(1);
    const TensorShape row({width});
    const NormGradient in{input(context, 0), input(context, 1), input(context, 2), input(context, 3), width};
    const Dropout site = dropoutOf(context, rate_, 4);
    float* dx = output(context, 0, shape, wants(0));
    float* dWeight = output(context, 1, row, wants(1));
    float* dBias = output(context, 2, row, wants(2));
    float* dInputBias = output(context, 3, row, wants(3));
    float* dResidual = output(context, 4, shape, wants(4));
    if (!context->status().ok()) return;
    RowSums sums(rows, width, 5);
    sums.run(context, 3 * width, [&](int64_t index, const auto& part) {
      // what is not wanted itself may be on the way to what is: such rows go to a part of the block's own
      float* residual = dResidual != nullptr ? dResidual + index * width : part(3);
      float* x = dx != nullptr ? dx + index * width : dInputBias != nullptr ? part(4) : nullptr;
      normRowGradient(in, index, site, x, residual,
                      {dInputBias != nullptr ? part(0) : nullptr, dWeight != nullptr ? part(1) : nullptr,
                       dBias != nullptr ? part(2) : nullptr});
    });
    sums.write(0, dInputBias);
    sums.write(1, dWeight);
    sums.write(2, dBias);
  }
};
REGISTER_KERNEL_BUILDER(Name("ThawResidualNormGrad").Device(tensorflow::DEVICE_CPU), NormGradOp);

REGISTER_OP("ThawBiasGelu").Input("x: float").Input("bias: float").Output("y: float");

class GeluOp : public Kernel {
 public:
  using Kernel::Kernel;
  void Compute(OpKernelContext* context) override {
    const TensorShape& shape = context->input(0).shape();
    const int64_t width = shape.dim_size(1);
    const float* x = input(context, 0);
    const float* bias = input(context, 1);
    float* y = output(context, 0, shape);
    if (y == nullptr) return;
    parallel(context, shape.dim_size(0), 2 * width, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) geluRow(x + row * width, bias, y + row * width, width);
    });
  }
};
REGISTER_KERNEL_BUILDER(Name("ThawBiasGelu").Device(tensorflow::DEVICE_CPU), GeluOp);

REGISTER_OP("ThawBiasGeluGrad")
    .Input("dy: float").Input("x: float").Input("bias: float")
    .Output("dx: float").Output("d_bias: float")
    .Attr("wanted: int");

class GeluGradOp : public Kernel {
 public:
  using Kernel::Kernel;
  void Compute(OpKernelContext* context) override {
    const TensorShape& shape = context->input(0).shape();
    const int64_t width = shape.dim_size(1);
    const float* dy = input(context, 0);
    const float* x = input(context, 1);
    const float* bias = input(context, 2);
    float* dx = output(context, 0, shape, wants(0));
    float* dBias = output(context, 1, TensorShape({width}), wants(1));
    if (!context->status().ok()) return;
    RowSums sums(shape.dim_size(0), width, 2);
    sums.run(context, 3 * width, [&](int64_t row, const auto& part) {
      geluRowGradient(dy + row * width, x + row * width, bias, dx != nullptr ? dx + row * width : part(1),
                      dBias != nullptr ? part(0) : nullptr, width);
    });
    sums.write(0, dBias);
  }
};
REGISTER_KERNEL_BUILDER(Name("ThawBiasGeluGrad").Device(tensorflow::DEVICE_CPU), GeluGradOp);

REGISTER_OP("ThawAttention")
    .Input("query: float").Input("key: float").Input("value: float").Input("lengths: int32").Input("seed: int32")
    .Output("context: float")
    .Attr("heads: int").Attr("rate: float");
REGISTER_OP("ThawAttentionGrad")
    .Input("query: float").Input("key: float").Input("value: float").Input("lengths: int32").Input("seed: int32")
    .Input("d_context: float")
    .Output("d_query: float").Output("d_key: float").Output("d_value: float")
    .Attr("heads: int").Attr("rate: float");

// Runs `head(place, workspace)` for every head of every text.
template <typename Head>
void forEachHead(OpKernelContext* context, int heads, const Head& head) {
  const TensorShape& shape = context->input(0).shape();
  const int64_t hidden = shape.dim_size(1);
  const auto lengths = context->input(3).flat<int32_t>();
  std::vector<HeadPlace> places;
  int64_t token = 0;
  int64_t pairs = 0;
  for (int64_t text = 0; text < lengths.size(); ++text) {
    for (int64_t index = 0; index < heads; ++index) {
      const uint64_t maskRow = static_cast<uint64_t>(token * heads + index * lengths(text));
      places.push_back({token, lengths(text), index * (hidden / heads), hidden / heads, hidden, maskRow});
    }
    token += lengths(text);
    pairs += static_cast<int64_t>(lengths(text)) * lengths(text);
  }
  OP_REQUIRES(context, token == shape.dim_size(0),
              absl::InvalidArgumentError("the lengths do not add up to the number of tokens"));
  const int64_t cost = pairs * (hidden / heads) / std::max<int64_t>(1, lengths.size());
  parallel(context, static_cast<int64_t>(places.size()), cost, [&](int64_t begin, int64_t end) {
    thread_local Workspace space;
    for (int64_t i = begin; i < end; ++i) head(places[static_cast<size_t>(i)], space);
  });
}

class AttentionOp : public Kernel {
 public:
  using Kernel::Kernel;
  void Compute(OpKernelContext* context) override {
    float* result = output(context, 0, context->input(0).shape());
    if (result == nullptr) return;
    const Dropout site = dropoutOf(context, rate_, 4);
    const float* query = input(context, 0);
    const float* key = input(context, 1);
    const float* value = input(context, 2);
    forEachHead(context, heads_, [&](const HeadPlace& place, Workspace& space) {
      attendHead(query, key, value, place, site, result, space);
    });
  }
};
REGISTER_KERNEL_BUILDER(Name("ThawAttention").Device(tensorflow::DEVICE_CPU), AttentionOp);

class AttentionGradOp : public Kernel {
 public:
  using Kernel::Kernel;
  void Compute(OpKernelContext* context) override {
    const TensorShape& shape = context->input(0).shape();
    const AttentionGradients gradients{output(context, 0, shape), output(context, 1, shape),
                                       output(context, 2, shape)};
    if (!context->status().ok()) return;
    const Dropout site = dropoutOf(context, rate_, 4);
    const float* query = input(context, 0);
    const float* key = input(context, 1);
    const float* value = input(context, 2);
    const float* dContext = input(context, 5);
    forEachHead(context, heads_, [&](const HeadPlace& place, Workspace& space) {
      attendHeadGradient(dContext, query, key, value, place, site, gradients, space);
    });
  }
};
REGISTER_KERNEL_BUILDER(Name("ThawAttentionGrad").Device(tensorflow::DEVICE_CPU), AttentionGradOp);

REGISTER_OP("ThawAdamW")
    .Input("weight: resource").Input("m: resource").Input("v: resource")
    .Input("gradient: float").Input("factors: float")
    .SetIsStateful();

class AdamWOp : public Kernel {
 public:
  using Kernel::Kernel;
  void Compute(OpKernelContext* context) override {
    const int64_t size = context->input(3).NumElements();
    float* values[3];
    tensorflow::core::RefCountPtr<tensorflow::Var> variables[3];
    for (int i = 0; i < 3; ++i) {
      OP_REQUIRES_OK(context,
                     tensorflow::LookupResource(context, tensorflow::HandleFromInput(context, i), &variables[i]));
      tensorflow::mutex_lock lock(*variables[i]->mu());
      Tensor* tensor = variables[i]->tensor();
      OP_REQUIRES(context, tensor->NumElements() == size,
                  absl::InvalidArgumentError("gradient and variable differ in size"));
      if (!tensor->RefCountIsOne()) {  // somebody still reads the old values
        Tensor copy;
        OP_REQUIRES_OK(context, context->allocate_temp(tensorflow::DT_FLOAT, tensor->shape(), &copy));
        std::copy_n(tensor->flat<float>().data(), size, copy.flat<float>().data());
        *tensor = copy;
      }
      values[i] = tensor->flat<float>().data();
    }
    const float* f = input(context, 4);
    const AdamWFactors factors{f[0], f[1], f[2], f[3], f[4], f[5], f[6], f[7]};
    const float* gradient = input(context, 3);
    parallel(context, size, 2, [&](int64_t begin, int64_t end) {
      adamW(values[0], values[1], values[2], gradient, begin, end, factors);
    });
  }
};
REGISTER_KERNEL_BUILDER(Name("ThawAdamW").Device(tensorflow::DEVICE_CPU), AdamWOp);

REGISTER_OP("ThawHalfSquare").Input("x: float").Output("sum: float");

// `sum(x^2) / 2`, in blocks of fixed size: the same bits on any number of threads.
class HalfSquareOp : public Kernel {
 public:
  using Kernel::Kernel;
  void Compute(OpKernelContext* context) override {
    constexpr int64_t kBlock = 4096;
    const int64_t size = context->input(0).NumElements();
    const float* x = input(context, 0);
    float* result = output(context, 0, TensorShape({}));
    if (result == nullptr) return;
    std::vector<float> parts(static_cast<size_t>((size + kBlock - 1) / kBlock));
    parallel(context, static_cast<int64_t>(parts.size()), kBlock / 4, [&](int64_t begin, int64_t end) {
      for (int64_t block = begin; block < end; ++block) {
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (int64_t i = block * kBlock; i < std::min(size, (block + 1) * kBlock); ++i) sum += x[i] * x[i];
        parts[static_cast<size_t>(block)] = sum;
      }
    });
    double total = 0;
    for (const float part : parts) total += part;
    *result = static_cast<float>(total / 2);
  }
};
REGISTER_KERNEL_BUILDER(Name("ThawHalfSquare").Device(tensorflow::DEVICE_CPU), HalfSquareOp);

REGISTER_OP("ThawScatterAdd")
    .Input("rows: float").Input("indices: int32").Output("sums: float")
    .Attr("count: int").Attr("width: int");

// `rows [n, width]` summed by `indices [n]` into `[count, width]`; rows with a negative index are left out. The result
// of the call before is used again once nobody holds it: only the rows that it touched have to be zeroed then.
class ScatterAddOp : public Kernel {
 public:
  explicit ScatterAddOp(OpKernelConstruction* context) : Kernel(context) {
    OP_REQUIRES_OK(context, context->GetAttr("count", &count_));
    OP_REQUIRES_OK(context, context->GetAttr("width", &width_));
  }
  void Compute(OpKernelContext* context) override {
    const auto indices = context->input(1).flat<int32_t>();
    OP_REQUIRES(context, context->input(0).NumElements() == indices.size() * width_,
                absl::InvalidArgumentError("rows and indices differ in number"));
    for (int64_t i = 0; i < indices.size(); ++i) {
      OP_REQUIRES(context, indices(i) < count_, absl::InvalidArgumentError("index out of range"));
    }
    tensorflow::mutex_lock lock(mutex_);
    if (kept_.NumElements() == count_ * width_ && kept_.RefCountIsOne()) {
      float* sums = kept_.flat<float>().data();
      for (const int32_t row : touched_) std::fill_n(sums + row * width_, width_, 0.0f);
    } else {
      OP_REQUIRES_OK(context, context->allocate_temp(tensorflow::DT_FLOAT, TensorShape({count_, width_}), &kept_));
      float* sums = kept_.flat<float>().data();
      parallel(context, count_, width_ / 8 + 1, [&](int64_t begin, int64_t end) {
        std::fill(sums + begin * width_, sums + end * width_, 0.0f);
      });
    }
    touched_.clear();
    float* sums = kept_.flat<float>().data();
    const float* row = input(context, 0);
    for (int64_t i = 0; i < indices.size(); ++i, row += width_) {
      if (indices(i) < 0) continue;
      touched_.push_back(indices(i));
      float* sum = sums + indices(i) * width_;
#pragma omp simd
      for (int64_t j = 0; j < width_; ++j) sum[j] += row[j];
    }
    context->set_output(0, kept_);
  }

 private:
  int64_t count_ = 0;
  int64_t width_ = 0;
  tensorflow::mutex mutex_;
  Tensor kept_;
  std::vector<int32_t> touched_;
};
REGISTER_KERNEL_BUILDER(Name("ThawScatterAdd").Device(tensorflow::DEVICE_CPU), ScatterAddOp);

}  // namespace
}  // namespace thaw

// Node loads only files that are modules; this one exports nothing.
extern "C" __attribute__((visibility("default"))) void* napi_register_module_v1(void*, void* exports) {
  return exports;
}
