// Products, norms, activations, convolutions, embeddings on a device.
#include "device_checks.hpp"

#include <rondo/layer/block_linear.hpp>
#include <rondo/layer/embedding.hpp>
#include <rondo/layer/linear.hpp>
#include <rondo/layer/mlp.hpp>
#include <rondo/layer/norm.hpp>
#include <rondo/layer/short_convolution.hpp>

namespace rondo::testing {

void add_layers(DeviceChecks& checks) {
  const Batch batch = mixed_batch();
  add_checks(checks, "Linear 72 x 40", subject(Linear<Bias::yes>{72, 40}, 72, 40), batch);
  add_checks(checks, "Linear 9 x 131", subject(Linear<Bias::yes>{9, 131}, 9, 131), batch);  // no multiple of 16 bytes
  add_checks(checks, "BlockLinear", subject(BlockLinear<Bias::yes>{2, 32, 32}, 32, 32), batch);
  add_checks(checks, "RmsNorm of 1000", subject(RmsNorm{1000, 1e-6}, 1000, 1000), batch);
  add_checks(checks, "RmsNorm, 70000 rows", subject(RmsNorm{8, 1e-6}, 8, 8), packed({70000}));
  add_checks(checks, "RmsNorm of groups", subject(RmsNorm{24, 1e-6, 3}, 24, 24), batch);
  add_checks(checks, "LayerNorm of 140", subject(LayerNorm{140, 1e-5}, 140, 140), batch);
  const Shape convolved{.width = 40, .convolution = 4};
  add_checks(checks, "ShortConvolution", subject(ShortConvolution<Bias::yes>{convolved, convolved.width}, 40, 40), batch);
  const Shape shape{.width = 48, .mlp_width = 72};
  add_checks(checks, "GatedMlp<Silu>", subject<GatedMlp<Silu>>(shape), batch);
  add_checks(checks, "Mlp<GeluTanh>", subject<Mlp<GeluTanh>>(shape), batch);
  add_checks(checks, "Mlp<Relu>", subject<Mlp<Relu>>(shape), batch);
  const Shape table{.vocabulary = 3, .width = 24};  // rows that many tokens name
  add_checks(checks, "Embedding", EmbeddingOf{Embedding{table, normal(1)}, table}, packed({300}));
}

}  // namespace rondo::testing
