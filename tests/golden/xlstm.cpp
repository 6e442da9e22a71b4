// The small xLSTM against NX-AI's own: mLSTM blocks, sLSTM blocks, both.
#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/backend/reference/reference.hpp>
#include <rondo/model/checkpoint/xlstm.hpp>

#include "golden/golden.hpp"

using namespace rondo;
using namespace rondo::test;

BOOST_AUTO_TEST_SUITE(golden_xlstm, *needs_shared("fixtures/xlstm_mixed"))

BOOST_AUTO_TEST_CASE(reference) {
  for (const char* name : {"xlstm_slstm", "xlstm_mlstm", "xlstm_mixed", "xlstm_mixed_long"}) agrees_in_double<Xlstm>(name);
}
BOOST_AUTO_TEST_CASE(cpu) {
  for (const char* name : {"xlstm_slstm", "xlstm_mlstm", "xlstm_mixed", "xlstm_mixed_long"}) agrees_in_float<Cpu, Xlstm>(name);
}

BOOST_AUTO_TEST_SUITE_END()
