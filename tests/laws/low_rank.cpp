// Adapters: the laws, that frozen weights get no gradient and adapters the same one, that they begin as nothing, merging.
#include "every_back_end.hpp"
#include "guarded.hpp"

#include <rondo/combinator/low_rank.hpp>
#include <rondo/gate/forget.hpp>
#include <rondo/layer/mlp.hpp>
#include <rondo/mixer/hgrn2.hpp>
#include <rondo/model/adapters.hpp>
#include <rondo/optimizer/groups.hpp>

namespace rondo::testing {
namespace {

using Mixer = Hgrn2Mixer<LowerBoundedForget>;
template <class Inner, Trained trained = Trained::all>
using Adapted = LowRank<Inner, 2, 3, trained>;
const Shape shape{.vocabulary = 11, .width = 8, .depth = 2, .heads = 2, .mlp_width = 6, .context = 144};

template <class Subject>
void expect_laws_of(const std::string& name, const Subject& subject) {
  for (const Batch& batch : {packed({1}), packed({5, 0, 4}, 3, 1, 2)}) {
    expect_none(laws<Reference<double>>(subject, batch), name + " on Reference");
    expect_none(laws<Cpu>(subject, batch), name + " on Cpu");
  }
  expect_none(touches_no_memory(subject, packed({3, 2}, 1, 0, 1)), name + " on Trace");
}

BOOST_AUTO_TEST_SUITE(low_rank)

BOOST_AUTO_TEST_CASE(laws_of_adapted_layers) {
  expect_laws_of("linear", subject(Adapted<Linear<Bias::yes>>{Linear<Bias::yes>{5, 7}}, 5, 7));
  expect_laws_of("MLP", subject<Adapted<GatedMlp<Silu>>>(shape));
  const auto mixer = subject<Adapted<Mixer>>(shape, 1);
  expect_laws_of("HGRN2", mixer);
  expect_guarded_laws("HGRN2", mixer);
}

// The gradients by name, of weights that are alike.
template <class Subject>
std::map<std::string, std::vector<double>> gradients_of(const Subject& one) {
  const Batch batch = packed({5, 4});
  std::map<std::string, std::vector<double>> result;
  const auto names = list_leaves(WeightRecords{}, one);
  const Outputs<double> out = run<Reference<double>>(one, batch, prepare(one, batch));
  for (std::size_t i = 0; i < names.size(); ++i) result[names[i].path] = out.d_weights[i].values;
  return result;
}

BOOST_AUTO_TEST_CASE(frozen_weights_get_no_gradient) {
  const auto all = gradients_of(subject<Adapted<Mixer>>(shape, 1)), frozen = gradients_of(subject<Adapted<Mixer, Trained::adapters>>(shape, 1));
  BOOST_TEST_REQUIRE(all.size() == frozen.size());
  int adapters = 0, others = 0;
  for (const auto& [name, gradient] : frozen) {
    const bool adapter = name.find("adapters.") != name.npos;
    if (adapter || name.starts_with("shared"))
      BOOST_TEST(gradient == all.at(name), name);
    else
      BOOST_TEST(gradient == std::vector<double>(gradient.size(), 0.0), name);
    (adapter ? adapters : others) += 1;
  }
  BOOST_TEST(adapters == 2 * 4);  // query, forget, input, output
  BOOST_TEST(others > 4);
}

// What a layer makes of the weights as they are.
template <class Layer>
Tensor<double> output_of(const Layer& layer, const Parameters<Layer, Reference<double>>& weights) {
  Reference<double>::Context c;
  const std::vector<Sequence> sequences{{0, 4, 0}};
  c.begin(sequences, 4);
  auto mark = c.mark();
  const auto x = c.matrix(4, 8), y = c.matrix(4, 8);
  c.start(x, normal(1), key_of(Seed{5}, "x"));
  layer.forward(c, weights.record(), In<Reference<double>::Context>(x), y, c.record(SavedRecords{c.extent()}, layer), Carried<NoState>{});
  Tensor<double> result("y", 4, 8);
  for (Index t = 0; t < 4; ++t)
    for (Index i = 0; i < 8; ++i) result(t, i) = y(t, i);
  return result;
}
double distance(const Tensor<double>& a, const Tensor<double>& b) {
  double worst = 0;
  for (std::size_t i = 0; i < a.values.size(); ++i) worst = std::max(worst, std::abs(a.values[i] - b.values[i]));
  return worst;
}

BOOST_AUTO_TEST_CASE(merge_and_unmerge) {
  using Plain = GatedMlp<Silu>;
  using Layer = LowRank<Plain, 2, 3>;
  const Plain plain{shape, 0};
  const Layer adapted{shape, 0};
  const Parameters<Plain, Reference<double>> plain_weights{plain, Seed{1}};
  const Parameters<Layer, Reference<double>> weights{adapted, Seed{1}};
  const Tensor<double> before = output_of(plain, plain_weights);
  BOOST_TEST(distance(output_of(adapted, weights), before) < 1e-15, "adapters begin as nothing");

  const auto tensors = hosted(weights.tensors());
  for (const auto& one : tensors)
    if (one.name.ends_with(".up")) {
      std::vector<double> numbers = one.numbers();
      for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = normal_number(key_of(Seed{2}, one.name), i);
      one.write(numbers);
    }
  const Tensor<double> with_adapters = output_of(adapted, weights);
  BOOST_TEST(distance(with_adapters, before) > 1e-3);
  const auto to_plain = [&] {
    for (const auto& to : hosted(plain_weights.tensors()))
      for (const auto& from : tensors)
        if (from.name == to.name) to.write(from.numbers());
  };
  merge_adapters(tensors, Layer::factor);
  to_plain();
  BOOST_TEST(distance(output_of(plain, plain_weights), with_adapters) < 1e-14);
  unmerge_adapters(tensors, Layer::factor);
  to_plain();
  BOOST_TEST(distance(output_of(plain, plain_weights), before) < 1e-14);
  BOOST_TEST(distance(output_of(adapted, weights), with_adapters) < 1e-14);
}

BOOST_AUTO_TEST_CASE(groups_of_parameters) {
  const std::vector<Group> groups = adapters_alone({"score.*"});
  const Leaf leaf{"weight", {2, 2}, zeros()};
  BOOST_TEST(groups[group_of(groups, "blocks.0.mixer.adapters.1.up", leaf)].rate == 1);
  BOOST_TEST(groups[group_of(groups, "score.weight", leaf)].rate == 1);
  BOOST_TEST(groups[group_of(groups, "blocks.0.mixer.query.weight", leaf)].rate == 0);
  BOOST_TEST(*groups[group_of(groups, "embedding.weight", leaf)].decay == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::testing
