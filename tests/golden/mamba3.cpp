// Mamba-3 against flash-linear-attention and state-spaces/mamba.
#include <rondo/model/checkpoint/mamba3.hpp>

#include "golden/every_folder.hpp"

BOOST_AUTO_TEST_CASE(golden_mamba3, *rondo::test::needs_shared("golden/newer")) {
  rondo::test::agrees_with_every_folder<rondo::Mamba3, rondo::Mamba3Normed, rondo::Mamba3HeavyTail>("mamba3");
}
