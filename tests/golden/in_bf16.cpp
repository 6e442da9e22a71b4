// Published checkpoints where products read their operands in bf16.
#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/model/checkpoint/hgrn2.hpp>
#include <rondo/model/checkpoint/llama.hpp>
#include <rondo/model/checkpoint/lstm.hpp>
#include <rondo/model/checkpoint/mamba2.hpp>
#include <rondo/model/checkpoint/xlstm.hpp>

#include "golden/golden.hpp"

using namespace rondo;
using namespace rondo::test;

BOOST_AUTO_TEST_SUITE(golden_in_bf16, *needs_shared("fixtures/hgrn2"))

BOOST_AUTO_TEST_CASE(hgrn2) {
  agrees_in_bf16<Hgrn2>("hgrn2");
}
BOOST_AUTO_TEST_CASE(llama) {
  agrees_in_bf16<Llama>("llama");
}
BOOST_AUTO_TEST_CASE(lstm) {
  agrees_in_bf16<Lstm>("lstm");
}
BOOST_AUTO_TEST_CASE(mamba2) {
  agrees_in_bf16<Mamba2>("mamba2");
}
BOOST_AUTO_TEST_CASE(xlstm) {
  agrees_in_bf16<Xlstm>("xlstm_mixed");
}

BOOST_AUTO_TEST_SUITE_END()
