// Fine-tuning of Llama against other implementations.
#include <rondo/model/checkpoint/llama.hpp>

#include "golden/finetune.hpp"

using namespace rondo;
using namespace rondo::test;

BOOST_AUTO_TEST_SUITE(finetune_llama, *needs_shared("golden/finetune/golden.json"))

BOOST_AUTO_TEST_CASE(scores_gradients_and_runs) {
  finetunes_alike<Llama, LlamaTied>();
}

BOOST_AUTO_TEST_SUITE_END()
