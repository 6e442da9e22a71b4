// A trunk with adapters: it begins as the trunk, its gradients are those of adapted layers, and merged it is the plain trunk again.
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include <rondo/model/adapted_trunk.hpp>
#include <rondo/model/adapters.hpp>
#include <rondo/model/architecture/hgrn2.hpp>
#include <rondo/model/classifier.hpp>
#include <rondo/model/host_model.hpp>
#include <rondo/objective/cross_entropy.hpp>
#include <rondo/train/workspace.hpp>

#include "io/temporary_folder.hpp"

namespace rondo::test {
namespace {

using Backend = Reference<double>;
using Plain = Hgrn2::TrunkType;
using Layers = Trunk<Block<RmsNorm, LowRank<Hgrn2Mixer<LowerBoundedForget>, 2, 3>, LowRank<GatedMlp<Silu>, 2, 3>>>;
const Shape shape{.vocabulary = 13, .width = 8, .depth = 2, .heads = 2, .mlp_width = 12, .context = 64};
const AdapterOptions options{.rank = 2, .alpha = 3};

const std::vector<Token> ids{3, 7, 1, 12, 0, 4, 9, 2}, labels{no_label, no_label, no_label, 2, no_label, no_label, no_label, 0};
const std::vector<Sequence> sequences{{0, 4, 0}, {4, 4, 0}};
const Batch batch{{ids.data(), 1, 8}, {labels.data(), 1, 8}, sequences, 8, 0};

template <class Trunk>
using ClassifierWith = Classifier<Trunk, LastToken, ScoreHead>;
template <class Trunk>
ClassifierWith<Trunk> classifier(const Trunk& trunk) {
  return {trunk, ScoreHead{shape, {.classes = 3}}, LastToken{}};
}

using Numbers = std::map<std::string, std::vector<double>>;
Numbers numbers_of(const std::vector<HostedTensor<double>>& tensors) {
  Numbers result;
  for (const auto& one : tensors) result[one.name] = one.numbers();
  return result;
}

template <class Model>
Numbers gradients_of(const Parameters<Model, Backend>& weights) {
  Workspace<Model, Backend> workspace{weights.model(), 8};
  workspace.add_gradient(weights, batch, CrossEntropy{});
  return numbers_of(hosted(workspace.gradients().tensors()));
}
template <class Model>
std::vector<double> hidden_of(const Parameters<Model, Backend>& weights) {
  Backend::Context c;
  c.begin(sequences, batch.ids);
  auto mark = c.mark();
  const auto hidden = c.matrix(8, 8);
  weights.model().evaluate(c, weights.record(), hidden, {});
  return {hidden.data, hidden.data + hidden.size()};
}
void expect_near(const std::vector<double>& a, const std::vector<double>& b, const std::string& what) {
  BOOST_TEST_REQUIRE(a.size() == b.size(), what);
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(a[i] - b[i]));
  BOOST_TEST(worst < 1e-13, what << ": " << worst);
}

// Numbers at random for what begins as zero, too.
template <class Model>
Parameters<Model, Backend> drawn(const Model& model) {
  Parameters<Model, Backend> weights{model, Seed{2}};
  for (const auto& one : hosted(weights.tensors())) {
    std::vector<double> numbers = one.numbers();
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = 0.3 * normal_number(key_of(Seed{3}, one.name), i);
    one.write(numbers);
  }
  return weights;
}

BOOST_AUTO_TEST_SUITE(adapted_trunk)

BOOST_AUTO_TEST_CASE(it_begins_as_the_trunk) {
  const Parameters<Plain, Backend> plain{Plain{shape}, Seed{2}};
  const Parameters<AdaptedTrunk<Plain>, Backend> adapted{AdaptedTrunk{Plain{shape}, options}, Seed{2}};
  expect_near(hidden_of(plain), hidden_of(adapted), "hidden vectors");
}

BOOST_AUTO_TEST_CASE(its_gradients_are_those_of_adapted_layers) {
  const auto layers = drawn(classifier(Layers{shape}));
  auto adapted = drawn(classifier(AdaptedTrunk{Plain{shape}, options}));
  // The matrices of the trunk are counted through; those of a layer in the layer.
  std::vector<std::string> prefixes;
  const Numbers numbers = numbers_of(hosted(layers.tensors()));
  for (const auto& one : layers.tensors())
    if (one.name.ends_with(".down")) prefixes.push_back(one.name.substr(0, one.name.size() - 4));
  BOOST_TEST(prefixes.size() == 2U * (4 + 3));  // query, forget, input, output; gate, up, down
  const auto in_layers = [&](const std::string& name) {
    if (!name.starts_with("adapters.")) return name;
    const std::size_t dot = name.rfind('.');
    return prefixes[std::stoul(name.substr(9))] + name.substr(dot + 1);
  };
  for (const auto& one : hosted(adapted.tensors())) one.write(numbers.at(in_layers(one.name)));

  const Numbers expected = gradients_of(layers);
  for (const auto& [name, gradient] : gradients_of(adapted)) {
    if (is_adapter(name) || name.starts_with("score."))
      expect_near(gradient, expected.at(in_layers(name)), name);
    else
      BOOST_TEST((gradient == std::vector<double>(gradient.size(), 0.0)), name << " is frozen");
  }
}

BOOST_AUTO_TEST_CASE(a_trunk_without_a_type_has_the_same_ones) {
  const auto own = drawn(classifier(AdaptedTrunk{Plain{shape}, options}));
  const auto any = drawn(classifier(AdaptedTrunk{host_model<Plain>(shape), options}));
  BOOST_TEST((numbers_of(hosted(own.tensors())) == numbers_of(hosted(any.tensors()))));
  BOOST_TEST((gradients_of(own) == gradients_of(any)));
  BOOST_TEST((hidden_of(own) == hidden_of(any)));
}

BOOST_AUTO_TEST_CASE(merged_it_is_the_plain_trunk) {
  const auto adapted = drawn(AdaptedTrunk{Plain{shape}, options});
  const Parameters<Plain, Backend> plain{Plain{shape}};
  const auto merged = merged_tensors(hosted(adapted.tensors()), options.factor());
  const auto to = hosted(plain.tensors());
  BOOST_TEST_REQUIRE(merged.size() == to.size());
  for (std::size_t i = 0; i < to.size(); ++i) {
    BOOST_TEST(merged[i].name == to[i].name);
    to[i].write(merged[i].numbers());
  }
  expect_near(hidden_of(plain), hidden_of(adapted), "hidden vectors");
  // What is written there is read there, and the adapters add nothing to it.
  const auto all = numbers_of(to);
  for (const auto& one : merged) {
    one.write(all.at(one.name));
    BOOST_TEST((one.numbers() == all.at(one.name)), one.name);
  }
  expect_near(hidden_of(plain), hidden_of(adapted), "hidden vectors after writing");
}

BOOST_AUTO_TEST_CASE(what_it_cannot_be) {
  BOOST_TEST(message_of([] { AdaptedTrunk{Plain{shape}, {.rank = 0}}; }).find("expected a rank and an alpha above 0, found 0") == 10U);
  BOOST_TEST(message_of([] { AdaptedTrunk{Layers{shape}, options}; }).find("the trunk has some already: blocks.0.mixer.") !=
             std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
