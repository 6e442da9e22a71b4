// How Mamba-2 starts, and which shapes it refuses.
#include <rondo/backend/reference/reference.hpp>
#include <rondo/model/architecture/mamba2.hpp>
#include <rondo/model/parameters.hpp>

#include <boost/test/unit_test.hpp>

#include "io/temporary_folder.hpp"

namespace rondo::test {
namespace {

const Shape small{.vocabulary = 20, .width = 64, .depth = 4, .heads = 32, .state_size = 6};

// Smallest and largest number of all tensors of a name.
std::pair<double, double> range_of(const Parameters<Mamba2, Reference<double>>& weights, const std::string& name) {
  std::pair<double, double> range{1e300, -1e300};
  for (const auto& [path, leaf, tensor] : weights.tensors())
    if (path.ends_with(name))
      for (Index i = 0; i < tensor.size(); ++i)
        range = {std::min(range.first, tensor.data[i]), std::max(range.second, tensor.data[i])};
  return range;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(mamba2)

BOOST_AUTO_TEST_CASE(rates_and_steps_start_spread_out) {
  const Mamba2 model{small};
  const Parameters<Mamba2, Reference<double>> weights{model, Seed{7}};
  const auto [slowest, fastest] = range_of(weights, "A_log");
  BOOST_TEST((slowest >= 0 && slowest < std::log(3) && fastest > std::log(14) && fastest <= std::log(16)));
  const auto [low, high] = range_of(weights, "step_bias");
  BOOST_TEST((softplus(low) >= 0.000999 && softplus(low) < 0.002 && softplus(high) > 0.05 && softplus(high) <= 0.1001));
  BOOST_TEST((range_of(weights, "skip.weight") == std::pair{1.0, 1.0}));
  BOOST_TEST((range_of(weights, "output_norm.weight") == std::pair{1.0, 1.0}));
  const double bound = 1 / std::sqrt(128.0 * 4);
  BOOST_TEST(range_of(weights, ".output.weight").second <= bound);
  BOOST_TEST(range_of(weights, ".output.weight").second > 0.95 * bound);
}
BOOST_AUTO_TEST_CASE(only_matrices_decay) {
  for (const auto& [path, leaf] : named_leaves(WeightRecords{}, Mamba2{small}))
    BOOST_TEST((leaf.decay == Decay::yes) == (leaf.dimensions.rank() > 1), path);
}
BOOST_AUTO_TEST_CASE(impossible_shapes_are_refused) {
  const auto complaint = [](auto change) {
    Shape shape = small;
    change(shape);
    return message_of([&] { Mamba2{shape}; });
  };
  BOOST_TEST(complaint([](Shape& s) { s.heads = 24; }) == "shape: inner_width 128 is not a multiple of heads 24");
  BOOST_TEST(complaint([](Shape& s) { s.groups = 5; }) == "shape: heads 32 is not a multiple of groups 5");
  BOOST_TEST(complaint([](Shape& s) { s.groups = 0; }) == "shape: groups must be positive, found 0");
  BOOST_TEST(complaint([](Shape& s) { s.step_low = 0.5, s.step_high = 0.25; }) ==
             "shape: time steps cannot be between 0.5 and 0.25");
  BOOST_TEST(complaint([](Shape& s) { s.step_low = -1; }) == "shape: time steps cannot be between -1 and 0");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::test
