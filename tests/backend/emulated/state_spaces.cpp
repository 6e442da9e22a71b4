// Mamba and Mamba-2 on the emulated back-end: their recurrences by plain loops, all else by kernels.
#include "emulated.hpp"

#include <rondo/mixer/mamba.hpp>
#include <rondo/mixer/mamba2.hpp>

namespace rondo::testing {

BOOST_AUTO_TEST_SUITE(emulated_state_spaces)

BOOST_AUTO_TEST_CASE(mamba) { expect_emulated_laws("MambaMixer", subject<MambaMixer>(Shape{.width = 10, .depth = 2})); }
BOOST_AUTO_TEST_CASE(mamba2) { expect_emulated_laws("Mamba2Mixer", subject<Mamba2Mixer>(Shape{.width = 8, .depth = 2, .heads = 4})); }

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
