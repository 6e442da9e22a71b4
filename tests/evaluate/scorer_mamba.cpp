// Log-probabilities of texts by models whose states have several parts (Mamba's convolution and scan), or whose positions are
// learned (GPT-2).
#include "evaluate/scorer.hpp"

#include <rondo/model/architecture/gpt2.hpp>
#include <rondo/model/architecture/mamba.hpp>

namespace rondo::test {
namespace {

BOOST_AUTO_TEST_SUITE(scorer_mamba)

BOOST_AUTO_TEST_CASE(mamba) {
  expect_shared_prefixes<Mamba>({.vocabulary = 37, .width = 16, .depth = 2, .state_size = 4});
}
BOOST_AUTO_TEST_CASE(gpt2) {
  expect_shared_prefixes<Gpt2>({.vocabulary = 37, .width = 16, .depth = 2, .heads = 4, .mlp_width = 24, .context = 160});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
