// LSTM folders there and back.
#include <rondo/model/checkpoint/lstm.hpp>

#include "model/round_trip.hpp"

namespace rondo::test {

BOOST_AUTO_TEST_SUITE(lstm_folders, *needs_shared("fixtures/lstm"))

BOOST_AUTO_TEST_CASE(own_head) {
  round_trip<Lstm>("lstm");
}
BOOST_AUTO_TEST_CASE(tied_head) {
  round_trip<LstmTied>("lstm_tied");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::test
