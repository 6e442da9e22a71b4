// DeltaNet, Gated DeltaNet and Kimi delta attention against flash-linear-attention: every recorded model of theirs.
#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/backend/reference/reference.hpp>
#include <rondo/model/checkpoint/delta_net.hpp>

#include "golden/golden.hpp"

namespace rondo::test {
namespace {

// The model in `folder`, if it is of this composition.
template <class Model>
bool agrees(const std::filesystem::path& folder) {
  std::string why_not;
  if (!composition_files<Model>().published->read(ModelFolder{folder}.config(), nullptr, why_not)) return false;
  const std::string name = std::filesystem::relative(folder, shared("fixtures")).string();
  agrees_in_double<Model>(name);
  agrees_in_float<Cpu, Model>(name);
  return true;
}

template <class... Models>
void agree() {
  int found = 0;
  for (const auto& entry : std::filesystem::directory_iterator(shared("golden/newer"))) {
    if (!std::filesystem::exists(entry.path() / "config.json")) continue;
    const std::string type = ModelFolder{entry.path()}.config().model_type();
    if (!((type == composition_files<Models>().published->model_type()) || ...)) continue;
    BOOST_TEST(((agrees<Models>(entry.path()) ? 1 : 0) + ...) == 1, entry.path() << " holds none of the compositions");
    ++found;
  }
  BOOST_TEST(found > 0);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(golden_delta_net, *needs_shared("golden/newer"))

BOOST_AUTO_TEST_CASE(delta_net) { agree<DeltaNet, DeltaNetGatedTurning>(); }
BOOST_AUTO_TEST_CASE(gated_delta_net) { agree<GatedDeltaNet, GatedDeltaNetTied, GatedDeltaNetPlainTurning>(); }
BOOST_AUTO_TEST_CASE(kimi_delta_attention) { agree<Kda, KdaBounded>(); }

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::test
