// Log-probabilities of texts by Hgrn2.
#include "evaluate/scorer.hpp"

#include <rondo/model/architecture/hgrn2.hpp>

namespace rondo::test {
namespace {

const Shape shape{.vocabulary = 37, .width = 16, .depth = 2, .heads = 2, .mlp_width = 24};

BOOST_AUTO_TEST_SUITE(scorer_hgrn2)

BOOST_AUTO_TEST_CASE(are_those_of_a_log_softmax) {
  expect_scores<Hgrn2>(shape);
}
BOOST_AUTO_TEST_CASE(texts_do_not_see_each_other) {
  expect_independent_texts<Hgrn2>(shape);
}
BOOST_AUTO_TEST_CASE(what_texts_share_is_computed_once) {
  expect_shared_prefixes<Hgrn2>(shape);
}
BOOST_AUTO_TEST_CASE(temperatures_divide_logits) {
  expect_temperatures<Hgrn2>(shape);
}
BOOST_AUTO_TEST_CASE(ids_outside_the_vocabulary_are_named) {
  expect_refused_ids<Hgrn2>(shape);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
