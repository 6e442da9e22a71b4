// Laws 8 and 9 for a model with a bit of everything: weights through a safetensors file, and no memory asked for once warm.
#include "every_back_end.hpp"

#include <rondo/combinator/checkpointed.hpp>
#include <rondo/combinator/pattern.hpp>
#include <rondo/io/safetensors.hpp>
#include <rondo/io/safetensors_writer.hpp>
#include <rondo/mixer/attention.hpp>
#include <rondo/mixer/cell.hpp>
#include <rondo/mixer/gla.hpp>
#include <rondo/mixer/hgrn1.hpp>
#include <rondo/mixer/hgrn2.hpp>
#include <rondo/model/language_model.hpp>

#include "io/temporary_folder.hpp"
#include "support/counted_memory.hpp"

namespace rondo::testing {

BOOST_AUTO_TEST_SUITE(whole_model)

using Convolved = Block<RmsNorm, Hgrn2Mixer<LowerBoundedForget, ConvolvedProjection>, GatedMlp<Silu>>;
using Attentive = Block<RmsNorm, AttentionMixer<>, NoMlp>;
using Cellular = Block<LayerNorm, CellMixer<LstmCell>, NoMlp>;
using Gated = Block<RmsNorm, GlaMixer<>, NoMlp>;
using Elementwise = Block<RmsNorm, Hgrn1Mixer<LowerBoundedForget, ConvolvedProjection>, NoMlp>;
using Model = LanguageModel<Pattern<Checkpointed<Convolved>, Attentive, Cellular, Gated, Elementwise>>;
const LogitsOf model{Model{Shape{.vocabulary = 11, .width = 8, .depth = 5, .heads = 2, .mlp_width = 13, .context = 80}}};
const Batch batch = packed({65, 3, 7}, 4, 1, 2);

BOOST_AUTO_TEST_CASE(weights_survive_a_safetensors_file) {
  const test::TemporaryFolder folder;
  const auto through_a_file = [&](Tensors<double> tensors) {
    SafetensorsWriter writer;
    for (const Tensor<double>& tensor : tensors)
      writer.add(tensor.name, {tensor.rows, tensor.columns}, ElementType::f32, std::span<const double>{tensor.values});
    writer.write_file(folder.path() / "model.safetensors");
    const SafetensorsFile file{folder.path() / "model.safetensors"};
    for (Tensor<double>& tensor : tensors) tensor.values = file.tensor(tensor.name).read<double>();
    return tensors;
  };
  expect_none(survives_saving<Reference<double>>(model, batch, through_a_file), "on Reference");
  expect_none(survives_saving<Cpu>(model, batch, through_a_file), "on Cpu");
}

BOOST_AUTO_TEST_CASE(a_warm_pass_asks_for_no_memory, *test::needs_counted_memory()) {
  const std::function<std::size_t()> allocations = test::allocation_count;
  const std::size_t before = test::allocation_count();
  expect_none(returns_scratch<Reference<double>>(model, batch, allocations), "on Reference");
  BOOST_TEST(test::allocation_count() > before);  // the counter is in use
  expect_none(returns_scratch<Cpu>(model, batch, allocations), "on Cpu");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
