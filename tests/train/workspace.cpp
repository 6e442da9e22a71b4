// What a workspace keeps for the backward, whatever batches come.
#include <boost/test/unit_test.hpp>

#include <cmath>

#include <rondo/testing/laws.hpp>

#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/evaluate/scorer.hpp>
#include <rondo/generate/session.hpp>

#include "small_run.hpp"

namespace rondo::test {
namespace {

// y_t = x_t + silu(x_s), s the first token of t's sequence. Saves one row for each sequence.
class FirstToken : public PlainLayer, public NoWeights, public NoState {
 public:
  FirstToken(const Shape& shape, Index) : width_(shape.width) {}

  template <class S>
  struct Saved {
    S first, after;
  };
  auto saved_leaves(Extent extent, auto&... s) const {
    return leaves(buffer("first", {extent.sequences, width_}, s.first...), buffer("after", {1, width_}, s.after...));
  }

  template <class C>
  void forward(C& c, const auto&, In<C> x, Out<C> y, const auto& saved, const auto&) const {
    auto mark = c.mark();
    const Out<C> active = c.matrix(1, width_);
    c.copy(x, y);
    c.zero(saved.after);
    each_sequence(c, [&](const Sequence& sequence, Index s) {
      c.copy(x.middle_rows(sequence.begin, 1), saved.first.middle_rows(s, 1));
      c.template map<Silu>(saved.first.middle_rows(s, 1), active);
      c.add_bias(active, y.middle_rows(sequence.begin, sequence.length));
    });
  }
  template <class C>
  void backward(C& c, const auto&, In<C>, In<C> dy, Out<C> dx, const auto& saved, const auto&, const auto&) const {
    auto mark = c.mark();
    const Out<C> sum = c.matrix(1, width_);
    c.copy(dy, dx);
    each_sequence(c, [&](const Sequence& sequence, Index s) {
      c.copy(saved.after, sum);  // still zero
      c.bias_gradient(dy.middle_rows(sequence.begin, sequence.length), sum);
      c.template map_gradient<Silu>(saved.first.middle_rows(s, 1), sum, sum);
      c.add(sum, dx.middle_rows(sequence.begin, 1));
    });
  }

 private:
  static void each_sequence(const auto& c, const auto& act) {
    Index s = 0;
    for (const Sequence& sequence : c.sequences()) {
      if (sequence.length > 0) act(sequence, s);
      ++s;
    }
  }

  Index width_;
};

using Model = LanguageModel<Block<RmsNorm, Hgrn2Mixer<LowerBoundedForget>, FirstToken>>;
using Exact = Reference<double>;

struct Gradient {
  double loss = 0;
  std::vector<double> values;
};

Gradient gradient_of(Workspace<Model, Exact>& workspace, const Parameters<Model, Exact>& weights, const Batch& batch) {
  workspace.zero_gradients();
  const auto loss = workspace.add_gradient(weights, batch, CrossEntropy{});
  return {loss.sum, numbers(workspace.gradients().flat())};
}

BOOST_AUTO_TEST_SUITE(workspace)

BOOST_AUTO_TEST_CASE(a_row_for_each_sequence_is_lawful) {
  const Shape shape{.width = 8};
  for (const auto& batch : {testing::packed({7}), testing::packed({5, 0, 4}, 0, 1, 2)}) {
    const auto findings = testing::gradients_are_exact<Exact>(testing::subject<FirstToken>(shape), batch);
    BOOST_TEST(findings.empty(), findings);
  }
}

// The sum over a batch is the sum over its sequences alone: in one workspace that sees many sequences after few, and few after many.
BOOST_AUTO_TEST_CASE(what_is_saved_for_each_sequence_has_its_place) {
  const Model model{Shape{.vocabulary = 11, .width = 8, .depth = 2, .heads = 2}};
  const Parameters<Model, Exact> weights{model, Seed{1}};
  const std::vector<Token> ids{3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8}, labels{1, 4, 1, no_label, 9, 2, 6, no_label, 3, 5, 8, no_label};
  const std::vector<Sequence> sequences{{0, 4}, {4, 4}, {8, 4}};
  const auto batch_of = [&](Index begin, Index count) {
    Batch batch;
    batch.sequences = Sequences{sequences}.first(static_cast<std::size_t>(count));
    batch.ids = {ids.data() + 4 * begin, 1, 4 * count};
    batch.labels = {labels.data() + 4 * begin, 1, 4 * count};
    return batch;
  };
  Workspace<Model, Exact> workspace{model, 12};
  Gradient sum;
  for (Index s = 0; s < 3; ++s) {
    const Gradient alone = gradient_of(workspace, weights, batch_of(s, 1));
    sum.loss += alone.loss;
    sum.values.resize(alone.values.size());
    for (std::size_t i = 0; i < alone.values.size(); ++i) sum.values[i] += alone.values[i];
  }
  for (int round = 0; round < 2; ++round) {
    const Gradient whole = gradient_of(workspace, weights, batch_of(0, 3));
    BOOST_TEST(whole.loss == sum.loss, boost::test_tools::tolerance(1e-12));
    double largest = 0;
    for (std::size_t i = 0; i < whole.values.size(); ++i) largest = std::max(largest, std::abs(whole.values[i] - sum.values[i]));
    BOOST_TEST(largest < 1e-12);
    gradient_of(workspace, weights, batch_of(0, 1));
  }
}

// A model is a value: what is made of one keeps it.
BOOST_AUTO_TEST_CASE(a_model_may_be_a_temporary) {
  const Shape shape{.vocabulary = 11, .width = 8, .depth = 2, .heads = 2};
  Parameters<Model, Cpu> weights{Model{shape}, Seed{1}};
  BOOST_TEST(weights.count() == record_size(WeightRecords{}, weights.model()));
  Session session{Model{shape}, weights};
  const std::vector<Token> text{1, 2, 3};
  BOOST_TEST(session.feed(text).columns == 11);
  Scorer scorer{Model{shape}, weights};
  BOOST_TEST(scorer.sums(std::vector<std::vector<Token>>{text}).at(0) < 0);
  MemoryTokens source{11};
  source.add({1, 2, 3, 4, 5, 6, 7, 8, 9});
  Batches batches{source, {.rows = 1, .length = 4}};
  Trainer trainer{Model{shape}, weights, AdamW{}, Constant{}, CrossEntropy{}, TrainingOptions{.average = {WarmedAverage{0.9}}}};
  BOOST_TEST(trainer.run(batches, 2));
  BOOST_TEST(trainer.result().count() == weights.count());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
