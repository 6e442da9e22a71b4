// The laws where products read their operands in bf16: every form that multiplies in the precision of a pass, with tolerances of its own
// (rounding<CpuIn<Precision::bf16>>), in a block that keeps what is saved in bf16. Sums, states, decays and statistics are float32.
#include "every_back_end.hpp"

#include <rondo/combinator/block.hpp>
#include <rondo/layer/mlp.hpp>
#include <rondo/layer/norm.hpp>
#include <rondo/mixer/attention.hpp>
#include <rondo/mixer/cell.hpp>
#include <rondo/mixer/hgrn2.hpp>
#include <rondo/mixer/mamba2.hpp>
#include <rondo/mixer/mlstm.hpp>
#include <rondo/mixer/slstm.hpp>

#include "support/delta_rule_subject.hpp"

namespace rondo::testing {
namespace {

using Rounded = CpuIn<Precision::bf16>;

template <class Layer>
void expect_laws_in_bf16(const std::string& name, const Shape& shape) {
  expect_laws_on<Rounded>(name + " in bf16", [](const Shape& one) { return subject<Layer>(one, 0); }, shape);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(in_bf16)

BOOST_AUTO_TEST_CASE(hgrn2) {
  expect_laws_in_bf16<PlainBlock<Hgrn2Mixer<LowerBoundedForget>>>("HGRN2", {.width = 24, .depth = 2, .heads = 2});
}

BOOST_AUTO_TEST_CASE(attention) {
  expect_laws_in_bf16<PlainBlock<AttentionMixer<>>>("attention", {.width = 24, .heads = 4, .key_value_heads = 2, .window = 50});
}
BOOST_AUTO_TEST_CASE(lstm) {
  expect_laws_in_bf16<PlainBlock<CellMixer<LstmCell>>>("LSTM", {.width = 35});
}
BOOST_AUTO_TEST_CASE(slstm) {
  expect_laws_in_bf16<PlainBlock<SlstmMixer>>("sLSTM", {.width = 39, .depth = 2, .heads = 3});
}
BOOST_AUTO_TEST_CASE(mlstm) {
  expect_laws_in_bf16<PlainBlock<MlstmMixer<>>>("mLSTM", {.width = 12, .depth = 2, .heads = 2, .inner_width = 24});
}
BOOST_AUTO_TEST_CASE(mamba2) {
  expect_laws_in_bf16<PlainBlock<Mamba2Mixer>>("Mamba-2", {.width = 12, .depth = 2, .heads = 3, .state_size = 9});
}
// By itself: in its mixers a head's norm divides by what is often almost nothing, whatever the recurrence.
BOOST_AUTO_TEST_CASE(delta_rule) {
  for (const Index decays : {0, 1, 24})
    expect_laws_on<Rounded>("the delta rule with " + std::to_string(decays) + " decays a head in bf16", [&](const Shape&) {
      return DeltaRuleSubject{{.heads = 2, .groups = 1, .decays = decays, .key_width = 24, .value_width = 40, .scale = 0.2}};
    }, {});
}
BOOST_AUTO_TEST_CASE(block) {
  expect_laws_in_bf16<Block<RmsNorm, Hgrn2Mixer<LowerBoundedForget>, GatedMlp<Silu>>>("a block of HGRN2",
                                                                                    {.width = 24, .depth = 2, .heads = 2, .mlp_width = 40});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
