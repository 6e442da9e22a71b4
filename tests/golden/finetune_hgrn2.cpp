// Fine-tuning of HGRN2 against other implementations.
#include <rondo/model/checkpoint/hgrn2.hpp>

#include "golden/finetune.hpp"

using namespace rondo;
using namespace rondo::test;

BOOST_AUTO_TEST_SUITE(finetune_hgrn2, *needs_shared("golden/finetune/golden.json"))

BOOST_AUTO_TEST_CASE(scores_gradients_and_runs) {
  finetunes_alike<Hgrn2, Hgrn2Tied>();
}

BOOST_AUTO_TEST_SUITE_END()
