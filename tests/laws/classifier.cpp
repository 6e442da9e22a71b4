// The laws for classifiers: every pooling and both heads, on the loss of texts whose labels stand anywhere.
#include "every_back_end.hpp"
#include "guarded.hpp"

#include <rondo/model/architecture/hgrn2.hpp>
#include <rondo/model/classifier.hpp>
#include <rondo/objective/cross_entropy.hpp>

namespace rondo::testing {
namespace {

using Model = Classifier<Hgrn2::TrunkType, AnyPooling, AnyClassHead>;
// A soft cap is one of a vocabulary's logits.
const Shape shape{
    .vocabulary = 11, .width = 6, .depth = 1, .heads = 2, .mlp_width = 5, .context = 16, .logit_soft_cap = 0.1, .dropout = 0.2};

void expect_laws_of(const std::string& name, const AnyClassHead& head, const AnyPooling& pooling) {
  const LossOf loss{Model{shape, head, pooling}, CrossEntropy{{}, 2}};
  const Batch batch = packed({3, 0, 2}, 3, 1, 2);
  expect_none(laws<Reference<double>>(loss, batch), name + " on Reference");
  expect_none(laws<Cpu>(loss, batch), name + " on Cpu");
  expect_none(touches_no_memory(loss, packed({3, 2}, 1, 0, 1)), name + " on Trace");
}

BOOST_AUTO_TEST_SUITE(classifier)

BOOST_AUTO_TEST_CASE(poolings_and_heads) {
  const AnyClassHead score{ScoreHead{shape, {.classes = 3}}}, mlp{MlpHead{shape, {.classes = 2, .dropout = 0.3}}};
  expect_laws_of("last token, score", score, {LastToken{}});
  expect_laws_of("mean, score", score, {MeanOfTokens{}});
  expect_laws_of("mean, MLP", mlp, {MeanOfTokens{}});
  expect_laws_of("first token, MLP", mlp, {FirstToken{}});
  expect_guarded_laws("mean, MLP", LossOf{Model{shape, mlp, {MeanOfTokens{}}}, CrossEntropy{{}, 2}});
}

// A pooling's row has the mean of its sequence, all others what they had.
BOOST_AUTO_TEST_CASE(the_mean_of_each_sequence) {
  Reference<double>::Context c;
  const std::vector<Sequence> sequences{{1, 3, 0}, {4, 0, 0}, {5, 1, 0}};
  c.begin(sequences, 7);
  const auto hidden = c.matrix(7, 2);
  for (Index t = 0; t < 7; ++t) hidden(t, 0) = static_cast<double>(t * t), hidden(t, 1) = 1;
  MeanOfTokens{}.forward(c, hidden);
  for (Index t = 0; t < 7; ++t) {
    const double expected = t == 3 ? (1.0 + 4 + 9) / 3 : static_cast<double>(t * t);
    BOOST_TEST(hidden(t, 0) == expected, boost::test_tools::tolerance(1e-15));
  }
  BOOST_TEST(hidden(3, 1) == 1);
  BOOST_TEST(AnyPooling{MeanOfTokens{}}.row(sequences[0]) == 3);
  BOOST_TEST(AnyPooling{FirstToken{}}.row(sequences[2]) == 5);
}

BOOST_AUTO_TEST_CASE(what_no_classifier_can_have) {
  using Plain = Classifier<Hgrn2::TrunkType>;
  BOOST_CHECK_EXCEPTION((Plain{shape, {.classes = 0}}), Error,
                        [](const Error& error) { return error.what() == std::string("classifier: expected at least 1 class, found 0"); });
  BOOST_CHECK_EXCEPTION((Plain{shape, {.dropout = 1}}), Error,
                        [](const Error& error) { return error.what() == std::string("classifier: dropout must be in [0, 1), found 1"); });
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::testing
