// Qwen3 with norms of queries and keys, and windows in some blocks, against transformers; its folders there and back.
#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/backend/reference/reference.hpp>
#include <rondo/model/checkpoint/qwen3.hpp>

#include "golden/golden.hpp"
#include "model/round_trip.hpp"

using namespace rondo;
using namespace rondo::test;

namespace {

// act.operator()<Model>(folder) for every folder of Qwen3.
template <class Act>
void each_model(Act act) {
  each_folder_of("qwen3", "golden/newer", [&](const std::filesystem::path& place) {
    Compositions<Qwen3, Qwen3Tied>::with(ModelFolder{place}, [&]<class Model>(const Shape&) { act.template operator()<Model>(place); });
  });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(golden_qwen3, *needs_shared("golden/newer"))

BOOST_AUTO_TEST_CASE(logits_and_gradients_on_reference) {
  each_model([]<class Model>(const std::filesystem::path& place) { agrees_in_double<Model>(place); });
}
BOOST_AUTO_TEST_CASE(logits_and_gradients_on_cpu) {
  each_model([]<class Model>(const std::filesystem::path& place) { agrees_in_float<Cpu, Model>(place); });
}
BOOST_AUTO_TEST_CASE(folders_there_and_back) {
  each_model([]<class Model>(const std::filesystem::path& place) { round_trip<Model>(place); });
}

BOOST_AUTO_TEST_SUITE_END()
