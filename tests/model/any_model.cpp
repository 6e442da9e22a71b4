// A model whose type is put aside: names, training, decoding, scores, plans and classifiers are to the bit those of the model itself.
#include <boost/test/unit_test.hpp>

#include <map>
#include <string>
#include <vector>

#include <rondo/combinator/pattern.hpp>
#include <rondo/evaluate/scorer.hpp>
#include <rondo/evaluate/text_classifier.hpp>
#include <rondo/generate/session.hpp>
#include <rondo/model/architecture/hgrn2.hpp>
#include <rondo/model/architecture/llama.hpp>
#include <rondo/model/classifier.hpp>
#include <rondo/model/host_model.hpp>
#include <rondo/model/with_projections.hpp>
#include <rondo/objective/any_objective.hpp>
#include <rondo/objective/cross_entropy.hpp>
#include <rondo/train/plan.hpp>
#include <rondo/train/workspace.hpp>

namespace rondo::test {
namespace {

// Shared lower bounds, a state of constant size and a cache, a choice of blocks.
using Hybrid = LanguageModel<Pattern<Hgrn2Block, LlamaBlock>, RmsNorm, TiedHead<>>;
const Shape shape{.vocabulary = 19, .width = 16, .depth = 4, .heads = 2, .mlp_width = 24, .context = 300, .logit_soft_cap = 5};

const std::vector<Token> ids{3, 7, 1, 12, 18, 0, 4, 4, 9, 2, 11}, labels{7, 1, 12, 18, no_label, 4, 4, 9, 2, no_label, no_label};
const std::vector<Sequence> sequences{{0, 5, 0}, {5, 5, 0}};
const Batch batch{{ids.data(), 1, 11}, {labels.data(), 1, 11}, sequences, 10, 0};

// Adds a gradient by a stream and asks for the logits in two parts.
struct TappedEntropy {
  void check() const {}
  [[nodiscard]] BlockSet taps() const { return {1}; }
  template <class C>
  auto gradient(C& c, const auto& w, const auto& pass, double scale, const auto& dw) const {
    c.add(pass.stream(1), pass.tap(1));
    auto losses = CrossEntropy{}.gradient(c, w, pass, scale, dw);
    auto mark = c.mark();
    const Out<C> part = c.matrix(pass.hidden.rows, 4);
    for (const Index first : {2, 11}) {
      pass.model.uncapped_logits_part(c, w, pass.hidden, first, part);
      pass.model.uncapped_logits_part_backward(c, w, pass.hidden, first, part, pass.d_hidden, Onto::add, dw);
    }
    return losses;
  }
};

template <class Tensors>
std::map<std::string, std::vector<double>> numbers_of(const Tensors& tensors) {
  std::map<std::string, std::vector<double>> result;
  for (const auto& one : tensors)
    for (Index i = 0; i < one.tensor.size(); ++i) result[one.name].push_back(static_cast<double>(one.tensor.data[i]));
  return result;
}

template <class Backend, class Model>
auto gradients_of(const Model& model, const auto& objective) {
  const Parameters<Model, Backend> weights{model, Seed{3}};
  Workspace<Model, Backend> workspace{model, 11};
  workspace.add_gradient(weights, batch, objective, 0.5, RandomKey{4});
  workspace.add_gradient(weights, batch, objective);
  return numbers_of(workspace.gradients().tensors());
}

template <class Backend, class Model>
std::vector<double> decoded(const Model& model) {
  const Parameters<Model, Backend> weights{model, Seed{3}};
  Session<Model, Backend> session{model, weights, 3};
  std::vector<double> result;
  const auto note = [&](auto logits) { result.insert(result.end(), logits.data, logits.data + logits.columns); };
  note(session.feed(ids));
  for (Index t = 0; t < 280; ++t) note(session.feed(ids[static_cast<std::size_t>(t) % ids.size()]));  // the cache grows
  session.reset();
  note(session.feed(Token{5}));
  return result;
}

template <class Model>
std::vector<float> scored(const Model& model) {
  const Parameters<Model, Cpu> weights{model, Seed{3}};
  Scorer<Model, Cpu> scorer{model, weights, 8};
  std::vector<float> result = scorer.sums(std::vector<std::vector<Token>>{ids, {4, 1}, {9, 9, 9, 2}});
  std::vector<ScoredText> texts;  // what they share is computed once, and gone on from
  for (const Token last : {1, 2, 3}) texts.push_back({{3, 7, 1, 12, last, 6}, {0, 0, 0, 0, 1, 1}});
  const TokenScores scores = scorer.token_scores(texts);
  for (std::size_t i = 0; i < texts.size(); ++i)
    for (const std::size_t t : {4, 5}) result.push_back(scores.of(i)[t]);
  return result;
}

template <class Trunk>
std::vector<double> classified(const Trunk& trunk) {
  using Model = Classifier<Trunk, MeanOfTokens, ScoreHead>;
  const Model model{trunk, ScoreHead{shape, {.classes = 3}}, MeanOfTokens{}};
  const Parameters<Model, Cpu> weights{model, Seed{3}};
  TextClassifier<Model, Cpu> classifier{model, weights};
  std::vector<double> result = classifier.logits(std::vector<std::vector<Token>>{ids, {4, 1}});
  Workspace<Model, Cpu> workspace{model, 11};
  const std::vector<Token> classes{no_label, no_label, no_label, no_label, 2, no_label, no_label, no_label, no_label, 0, no_label};
  workspace.add_gradient(weights, Batch{batch.ids, {classes.data(), 1, 11}, sequences, 10, 0}, CrossEntropy{});
  for (const auto& [name, numbers] : numbers_of(workspace.gradients().tensors())) result.insert(result.end(), numbers.begin(), numbers.end());
  return result;
}

BOOST_AUTO_TEST_SUITE(any_model)

BOOST_AUTO_TEST_CASE(tensors_have_their_names) {
  const auto own = named_leaves(WeightRecords{}, Hybrid{shape}), any = named_leaves(WeightRecords{}, host_model<Hybrid>(shape));
  BOOST_TEST_REQUIRE(own.size() == any.size());
  BOOST_TEST(own.size() > 30U);
  for (std::size_t i = 0; i < own.size(); ++i) {
    BOOST_TEST(own[i].name == any[i].name);
    BOOST_TEST(own[i].leaf.dimensions.text() == any[i].leaf.dimensions.text());
  }
}

BOOST_AUTO_TEST_CASE(gradients_are_its_own) {
  Shape dropping = shape;
  dropping.dropout = 0.2;
  const Hybrid own{dropping};
  const HostModel any = host_model<Hybrid>(dropping);
  BOOST_TEST(gradients_of<Cpu>(own, TappedEntropy{}) == gradients_of<Cpu>(any, TappedEntropy{}));
  BOOST_TEST(gradients_of<Cpu>(own, TappedEntropy{}) != gradients_of<Cpu>(own, CrossEntropy{}));
  BOOST_TEST(gradients_of<Reference<double>>(own, TappedEntropy{}) == gradients_of<Reference<double>>(any, TappedEntropy{}));
  const std::vector<ProjectionWidths> maps{{16, 4}};
  const auto objective = any_objective<Cpu>(CrossEntropy{});
  BOOST_TEST(gradients_of<Cpu>(WithProjections{own, maps}, objective) == gradients_of<Cpu>(WithProjections{any, maps}, objective));
}

BOOST_AUTO_TEST_CASE(decoding_is_its_own) {
  BOOST_TEST(decoded<Cpu>(Hybrid{shape}) == decoded<Cpu>(host_model<Hybrid>(shape)));
  BOOST_TEST(decoded<Reference<double>>(Hybrid{shape}) == decoded<Reference<double>>(host_model<Hybrid>(shape)));
}

BOOST_AUTO_TEST_CASE(scores_are_its_own) { BOOST_TEST(scored(Hybrid{shape}) == scored(host_model<Hybrid>(shape))); }

BOOST_AUTO_TEST_CASE(a_trunk_carries_a_classifier) {
  BOOST_TEST(classified(Hybrid::TrunkType{shape}) == classified(host_model<Hybrid::TrunkType>(shape)));
}

BOOST_AUTO_TEST_CASE(plans_are_its_own) {
  const StepPlan own = plan_training_step(Hybrid{shape}, CrossEntropy{}, sequences, 11),
                 any = plan_training_step(host_model<Hybrid>(shape), CrossEntropy{}, sequences, 11);
  BOOST_TEST(own.total() == any.total());
  BOOST_TEST(own.scratch == any.scratch);
  BOOST_TEST(own.operations == any.operations);
  BOOST_TEST(own.launches == any.launches);
}

// A head that knows no parts.
struct WholeHead : Head<> {
  using Head<>::Head;
  static constexpr bool in_parts = false;
};
BOOST_AUTO_TEST_CASE(a_head_without_parts_says_so) {
  using Whole = LanguageModel<Hgrn2Block, RmsNorm, WholeHead>;
  static_assert(!InParts<Whole>);
  BOOST_TEST(gradients_of<Cpu>(Whole{shape}, CrossEntropy{}) == gradients_of<Cpu>(host_model<Whole>(shape), CrossEntropy{}));
  BOOST_CHECK_EXCEPTION(gradients_of<Cpu>(host_model<Whole>(shape), TappedEntropy{}), Error, [](const Error& problem) {
    return std::string{problem.what()}.find("cannot be asked for a part of its 19 outputs") != std::string::npos;
  });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
