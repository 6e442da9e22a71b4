// LSTM language models against torch.nn.LSTM.
#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/backend/reference/reference.hpp>
#include <rondo/model/checkpoint/lstm.hpp>

#include "golden/golden.hpp"

using namespace rondo;
using namespace rondo::test;

BOOST_AUTO_TEST_SUITE(golden_lstm, *needs_shared("fixtures/lstm"))

BOOST_AUTO_TEST_CASE(own_head_reference) {
  agrees_in_double<Lstm>("lstm");
}
BOOST_AUTO_TEST_CASE(own_head_cpu) {
  agrees_in_float<Cpu, Lstm>("lstm");
}

BOOST_AUTO_TEST_CASE(tied_head_reference) {
  agrees_in_double<LstmTied>("lstm_tied");
}
BOOST_AUTO_TEST_CASE(tied_head_cpu) {
  agrees_in_float<Cpu, LstmTied>("lstm_tied");
}

BOOST_AUTO_TEST_SUITE_END()
