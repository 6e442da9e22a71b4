// Log-probabilities of texts by Lstm.
#include "evaluate/scorer.hpp"

#include <rondo/model/architecture/lstm.hpp>

namespace rondo::test {
namespace {

const Shape shape{.vocabulary = 37, .width = 16, .depth = 2, .embedding_width = 12};

BOOST_AUTO_TEST_SUITE(scorer_lstm)

BOOST_AUTO_TEST_CASE(are_those_of_a_log_softmax) {
  expect_scores<Lstm>(shape);
}
BOOST_AUTO_TEST_CASE(texts_do_not_see_each_other) {
  expect_independent_texts<Lstm>(shape);
}
BOOST_AUTO_TEST_CASE(what_texts_share_is_computed_once) {
  expect_shared_prefixes<Lstm>(shape);
}
BOOST_AUTO_TEST_CASE(ids_outside_the_vocabulary_are_named) {
  expect_refused_ids<Lstm>(shape);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
