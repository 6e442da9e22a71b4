// A whole model on the emulated back-end: trained with dropout, clipping and every optimiser, scored and asked, beside Reference in double.
#include "emulated.hpp"

#include <rondo/evaluate/scorer.hpp>
#include <rondo/generate/session.hpp>
#include <rondo/model/architecture/hgrn2.hpp>
#include <rondo/optimizer/any_optimizer.hpp>

#include "train/small_run.hpp"

namespace rondo::test {
namespace {

struct Left {
  std::vector<double> losses, norms, weights, logits;
  std::vector<float> scores;
};

template <class Backend, class Optimizer>
Left train_and_ask(const Optimizer& optimizer, Index steps) {
  using Wide = rondo::Wide<typename Backend::Scalar>;
  Left left;
  Shape shape = small_shape();
  shape.dropout = 0.2;
  const MemoryTokens source = small_documents();
  Batches batches{source, {.rows = 2, .length = 12}};
  const Hgrn2 model{shape};
  Parameters<Hgrn2, Backend> weights{model, Seed{1}};
  const auto context = std::make_shared<typename Backend::Context>();
  Trainer trainer{model, weights, optimizer, Cosine{.warmup = 5}, CrossEntropy{}, {.accumulate = 2, .clip = 0.5, .seed = Seed{4}}, context};
  trainer.on_step([&](const StepReport& report) {
    left.losses.push_back(report.loss);
    left.norms.push_back(report.gradient_norm);
  });
  trainer.run(batches, steps);

  std::vector<Wide> numbers(static_cast<std::size_t>(weights.flat().columns));
  context->download(View<const Wide, Backend::Context::place>(weights.flat()), std::span{numbers});
  left.weights.assign(numbers.begin(), numbers.end());
  Session session{model, weights, 4, context};
  session.feed(std::vector<Token>{1, 2, 3, 4, 5, 6});
  const auto logits = session.feed(7);
  for (Index v = 0; v < logits.columns; ++v) left.logits.push_back(static_cast<double>(logits(0, v)));
  Scorer scorer{model, weights, 16, context};
  left.scores = scorer.sums(std::vector<std::vector<Token>>{{1, 2, 3, 4}, {5}, {6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}, {2, 1}});
  return left;
}

// The largest difference, by the largest expected number.
double difference(const auto& expected, const auto& found) {
  BOOST_REQUIRE(expected.size() == found.size());
  double worst = 0, size = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    worst = std::max(worst, std::abs(static_cast<double>(found[i]) - static_cast<double>(expected[i])));
    size = std::max(size, std::abs(static_cast<double>(expected[i])));
  }
  return worst / size;
}

BOOST_AUTO_TEST_SUITE(emulated_training)

BOOST_AUTO_TEST_CASE(every_optimizer) {
  const auto each_form = [&](const auto& optimizer, double tolerance) {
    const std::string name{std::remove_cvref_t<decltype(optimizer)>::name};
    const Left expected = train_and_ask<Reference<double>>(optimizer, 6), found = train_and_ask<Emulated<float>>(optimizer, 6);
    const double losses = difference(expected.losses, found.losses), norms = difference(expected.norms, found.norms);
    const double weights = difference(expected.weights, found.weights), logits = difference(expected.logits, found.logits);
    const double scores = difference(expected.scores, found.scores);
    BOOST_TEST_MESSAGE(name << ": losses " << losses << ", norms " << norms << ", weights " << weights << ", logits " << logits
                            << ", scores " << scores);
    BOOST_TEST(losses < 1e-5, name);
    BOOST_TEST(norms < 1e-4, name);
    BOOST_TEST(weights < tolerance, name);
    BOOST_TEST(logits < tolerance, name);
    BOOST_TEST(scores < tolerance, name);
    BOOST_TEST((expected.losses.front() != expected.losses.back()));
  };
  each_form(AdamW{}, 1e-3);  // where a gradient is all but zero its sign decides
  each_form(Lamb{}, 1e-3);
  each_form(Muon{}, 1e-3);
  each_form(Sgd{}, 1e-4);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test

namespace rondo::testing {

BOOST_AUTO_TEST_SUITE(emulated_models)

BOOST_AUTO_TEST_CASE(the_loss_of_a_model) {
  Shape shape{.vocabulary = 301, .width = 8, .depth = 2, .heads = 2, .mlp_width = 13};
  for (const double cap : {0.0, 1.5}) {
    shape.logit_soft_cap = cap;
    const LossOf loss{Hgrn2Tied{shape}, CrossEntropy{{.label_smoothing = 0.1, .z_loss = 0.01}, 5}};
    Findings findings;
    for (const Batch& batch : {packed({5, 1, 6}), packed({3})}) {  // some rows have no label; all have one
      findings.add(agrees_with_reference<Watched>(loss, batch));
      findings.add(gradients_accumulate<Watched>(loss, batch));
      findings.add(needs_no_order<Watched>(loss, batch));
    }
    expect_found_nothing(findings, "loss");
    // Every layer of two blocks rounds what it hands on.
    expect_found_nothing(agrees_in_halves(loss, packed({5, 1, 6}), 4e-2), "loss in bf16");
  }
}
// Tokens that many rows name: sums in pieces, the same bits whatever the order.
BOOST_AUTO_TEST_CASE(an_embedding_of_three_tokens) {
  const Shape shape{.vocabulary = 3, .width = 6};
  const EmbeddingOf embedding{Embedding{shape, normal(1)}, shape};
  Findings findings = agrees_with_reference<Watched>(embedding, packed({300}));
  findings.add(needs_no_order<Watched>(embedding, packed({300})));
  findings.add(gradients_accumulate<Watched>(embedding, packed({300})));
  expect_found_nothing(findings, "Embedding");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
