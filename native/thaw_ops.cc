// Thaw's own TensorFlow ops: what a training step does beside the products, each in one pass over memory. Loaded into
// the process of tfjs-node, where registering them is enough for its `executeMultipleOutputs` to find them. Each `x_op.h`
// registers ops; the other headers are their parts.
#include "adamw_op.h"
#include "attention_op.h"
#include "dropout_op.h"
#include "gelu_op.h"
#include "layer_norm_op.h"
#include "memory_op.h"
#include "narrow_op.h"
#include "product_op.h"
#include "scatter_add_op.h"
#include "sha256_op.h"
#include "sums_op.h"

// Node loads only files that are modules; this one exports nothing.
extern "C" __attribute__((visibility("default"))) void* napi_register_module_v1(void*, void* exports) {
  return exports;
}
