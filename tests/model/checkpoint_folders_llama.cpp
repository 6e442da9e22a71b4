// Llama folders there and back.
#include <rondo/model/checkpoint/llama.hpp>

#include "model/round_trip.hpp"

namespace rondo::test {

BOOST_AUTO_TEST_SUITE(llama_folders, *needs_shared("fixtures/llama"))

BOOST_AUTO_TEST_CASE(grouped_queries) {
  round_trip<Llama>("llama");
}
BOOST_AUTO_TEST_CASE(biased_and_tied) {
  round_trip<LlamaBiasedTied>("llama_tied");
}
BOOST_AUTO_TEST_CASE(rope_parameters) {
  round_trip<Llama>("llama_rope_parameters");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::test
