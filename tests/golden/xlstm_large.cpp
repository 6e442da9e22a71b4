// xLSTM-large against transformers.
#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/backend/reference/reference.hpp>
#include <rondo/model/checkpoint/xlstm_large.hpp>

#include "golden/golden.hpp"

using namespace rondo;
using namespace rondo::test;

BOOST_AUTO_TEST_SUITE(golden_xlstm_large, *needs_shared("fixtures/xlstm_large"))

BOOST_AUTO_TEST_CASE(short_texts_reference) {
  agrees_in_double<XlstmLarge>("xlstm_large");
}
BOOST_AUTO_TEST_CASE(short_texts_cpu) {
  agrees_in_float<Cpu, XlstmLarge>("xlstm_large");
}
BOOST_AUTO_TEST_CASE(several_chunks_reference) {
  agrees_in_double<XlstmLarge>("xlstm_large_long");
}
BOOST_AUTO_TEST_CASE(several_chunks_cpu) {
  agrees_in_float<Cpu, XlstmLarge>("xlstm_large_long");
}

BOOST_AUTO_TEST_SUITE_END()
