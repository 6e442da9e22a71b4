// Qwen3 with norms of queries and keys, and windows in some blocks, against transformers.
#include <rondo/model/checkpoint/qwen3.hpp>

#include "golden/every_folder.hpp"

BOOST_AUTO_TEST_CASE(golden_qwen3, *rondo::test::needs_shared("golden/newer")) {
  rondo::test::agrees_with_every_folder<rondo::Qwen3, rondo::Qwen3Tied>("qwen3");
}
