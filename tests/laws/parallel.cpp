// The laws for two mixers side by side: every way to combine them, with and without lower bounds, and what the combinations mean.
#include "every_back_end.hpp"

#include <rondo/combinator/block.hpp>
#include <rondo/combinator/parallel.hpp>
#include <rondo/mixer/attention.hpp>
#include <rondo/mixer/hgrn2.hpp>
#include <rondo/mixer/mlstm.hpp>

namespace rondo::testing {
namespace {

using Recurrent = Hgrn2Mixer<LowerBoundedForget>;
constexpr Shape shape{.width = 8, .depth = 2, .heads = 2, .window = 3, .context = 16, .second_heads = 4};

// y of a mixer with weights of a certain value in place of those whose name ends so.
template <class Mixer>
std::vector<double> outputs_of(const std::string& ending, double value, const Inputs<double>* of = nullptr) {
  const auto mixer = subject<Mixer>(shape, 1);
  const Batch batch = packed({7});
  Inputs<double> in = of != nullptr ? *of : prepare(mixer, batch);
  for (Tensor<double>& weight : in.weights)
    if (weight.name.ends_with(ending)) std::fill(weight.values.begin(), weight.values.end(), value);
  return run<Reference<double>>(mixer, batch, in).y.values;
}
void same(const std::vector<double>& found, const std::vector<double>& expected) {
  BOOST_REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) BOOST_TEST(std::abs(found[i] - expected[i]) < 1e-12);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(parallel)

BOOST_AUTO_TEST_CASE(recurrence_beside_attention) {
  expect_laws("Parallel<Hgrn2Mixer, AttentionMixer, DynamicMix>",
              [](const Shape& given) { return subject<Parallel<Recurrent, AttentionMixer<>>>(given, 1); }, shape);
}
BOOST_AUTO_TEST_CASE(other_combinations) {
  Shape given = shape;
  given.context = 144;
  const auto laws_of = [&](const auto& mixer, const std::string& name) {
    for (const Batch& batch : {packed({7}, 4), packed({5, 0, 4}, 3, 1, 2)})
      expect_none(laws<Reference<double>>(mixer, batch), name + " on Reference");
    for (const Batch& batch : {packed({7}, 4), packed({65, 3}, 2)}) expect_none(agrees_with_reference<Cpu>(mixer, batch), name + " on Cpu");
  };
  laws_of(subject<Parallel<MlstmMixer<>, AttentionMixer<NoPosition>, LearnedSum>>(given, 1), "mLSTM beside attention, LearnedSum");
  laws_of(subject<Parallel<AttentionMixer<>, Recurrent, EqualParts>>(given, 1), "attention beside HGRN2, EqualParts");
}
BOOST_AUTO_TEST_CASE(in_a_block) {
  using OneBlock = Block<RmsNorm, Parallel<Recurrent, AttentionMixer<>>, NoMlp>;
  Shape given = shape;
  given.dropout = 0.25;
  expect_none(laws<Reference<double>>(subject<OneBlock>(given, 1), packed({5, 0, 4}, 3, 1, 2)), "Block<Parallel>");
}

// A mixer beside itself with other weights: the mix goes from one to the other.
BOOST_AUTO_TEST_CASE(the_mix_chooses) {
  using Both = Parallel<Recurrent, Recurrent>;
  const auto both = subject<Both>(shape, 1);
  const Inputs<double> in = prepare(both, packed({7}));
  Inputs<double> without = in;
  for (Tensor<double>& weight : without.weights)
    if (weight.name == "combine.mix.weight") std::fill(weight.values.begin(), weight.values.end(), 0.0);
  const auto first = outputs_of<Both>("mix.bias", 60, &without), second = outputs_of<Both>("mix.bias", -60, &without);
  const auto half = outputs_of<Both>("mix.bias", 0, &without);
  BOOST_TEST(first != second);
  std::vector<double> middle;
  for (std::size_t i = 0; i < first.size(); ++i) middle.push_back((first[i] + second[i]) / 2);
  same(half, middle);

  // the same two, each alone and in equal parts
  Inputs<double> plain = in;
  std::erase_if(plain.weights, [](const Tensor<double>& weight) { return weight.name.starts_with("combine."); });
  same(outputs_of<Parallel<Recurrent, Recurrent, EqualParts>>("none", 0, &plain), middle);
  std::vector<double> doubled;
  for (const double y : outputs_of<Parallel<Recurrent, Recurrent, EqualParts>>("second.output.weight", 0, &plain)) doubled.push_back(2 * y);
  same(doubled, first);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
