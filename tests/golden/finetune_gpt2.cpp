// Fine-tuning of GPT-2 against other implementations.
#include <rondo/model/checkpoint/gpt2.hpp>

#include "golden/finetune.hpp"

using namespace rondo;
using namespace rondo::test;

BOOST_AUTO_TEST_SUITE(finetune_gpt2, *needs_shared("golden/finetune/golden.json"))

BOOST_AUTO_TEST_CASE(scores_gradients_and_runs) {
  finetunes_alike<Gpt2>();
}

BOOST_AUTO_TEST_SUITE_END()
