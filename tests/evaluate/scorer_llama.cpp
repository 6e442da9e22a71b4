// Log-probabilities of texts by Llama.
#include "evaluate/scorer.hpp"

#include <rondo/model/architecture/llama.hpp>

namespace rondo::test {
namespace {

const Shape shape{.vocabulary = 37, .width = 16, .depth = 2, .heads = 4, .key_value_heads = 2, .mlp_width = 24, .context = 8};

BOOST_AUTO_TEST_SUITE(scorer_llama)

BOOST_AUTO_TEST_CASE(are_those_of_a_log_softmax) {
  expect_scores<Llama>(shape);
}
BOOST_AUTO_TEST_CASE(texts_do_not_see_each_other) {
  expect_independent_texts<Llama>(shape);
}
BOOST_AUTO_TEST_CASE(what_texts_share_is_computed_once) {
  expect_shared_prefixes<Llama>(shape);
}
BOOST_AUTO_TEST_CASE(ids_outside_the_vocabulary_are_named) {
  expect_refused_ids<Llama>(shape);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
