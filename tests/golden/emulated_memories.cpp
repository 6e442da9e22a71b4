// LSTM and xLSTM on the emulated back-end against what other implementations compute.
#include <rondo/backend/emulated/emulated.hpp>
#include <rondo/model/checkpoint/lstm.hpp>
#include <rondo/model/checkpoint/xlstm.hpp>
#include <rondo/model/checkpoint/xlstm_large.hpp>

#include "golden/golden.hpp"

using namespace rondo;
using namespace rondo::test;

BOOST_AUTO_TEST_SUITE(golden_emulated_memories, *needs_shared("fixtures/lstm"))

BOOST_AUTO_TEST_CASE(lstm) { agrees_in_float<Emulated<float>, Lstm>("lstm"); }
BOOST_AUTO_TEST_CASE(xlstm) {
  for (const char* name : {"xlstm_slstm", "xlstm_mlstm", "xlstm_mixed", "xlstm_mixed_long"}) agrees_in_float<Emulated<float>, Xlstm>(name);
}
BOOST_AUTO_TEST_CASE(xlstm_large) {
  for (const char* name : {"xlstm_large", "xlstm_large_long"}) agrees_in_float<Emulated<float>, XlstmLarge>(name);
}

BOOST_AUTO_TEST_SUITE_END()
