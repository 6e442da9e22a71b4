// AdamW, clipping and averages against plain loops.
#include <boost/test/unit_test.hpp>

#include <rondo/backend/reference/reference.hpp>
#include <rondo/layer/linear.hpp>
#include <rondo/optimizer/adamw.hpp>
#include <rondo/optimizer/average.hpp>
#include <rondo/optimizer/clip.hpp>

namespace rondo::test {
namespace {

using Backend = Reference<double>;
using Layer = Linear<Bias::yes>;  // weight decays, bias does not
using Weights = Parameters<Layer, Backend>;

const Layer layer{5, 3, normal(1.0), normal(1.0)};

double gradient_at(Index step, Index place) {
  return std::sin(static_cast<double>(3 * step + place));
}

BOOST_AUTO_TEST_SUITE(optimizer)

// Ten updates, every weight followed by the published formula with its own scalars.
BOOST_AUTO_TEST_CASE(adamw_is_its_formula) {
  Weights weights{layer, Seed{1}}, gradients{layer};
  const AdamW adamw{.rate = 0.1, .beta1 = 0.8, .beta2 = 0.9, .epsilon = 1e-3, .decay = 0.5};
  OptimizerState<Backend> state{weights};
  Backend::Context c;

  struct Scalar {
    double w, m, v;
  };
  const auto leaf_of = [&](Index i) { return i < 15 ? i : i + 1; };  // 15 weights fill 16 places, 3 biases follow
  std::vector<Scalar> expected;
  for (Index i = 0; i < 18; ++i) expected.push_back({weights.flat()(0, leaf_of(i)), 0, 0});

  for (Index t = 1; t <= 10; ++t) {
    const double share = 1.0 / static_cast<double>(t), scale = 0.5;
    for (Index i = 0; i < 18; ++i) gradients.flat()(0, leaf_of(i)) = gradient_at(t, i);
    adamw.update(c, {.step = t, .rate_share = share, .gradient_scale = scale}, weights, gradients, state);
    for (Index i = 0; i < 18; ++i) {
      auto& [w, m, v] = expected[static_cast<std::size_t>(i)];
      const double g = scale * gradient_at(t, i), rate = 0.1 * share;
      m = 0.8 * m + 0.2 * g;
      v = 0.9 * v + 0.1 * g * g;
      const double corrected_m = m / (1 - std::pow(0.8, t)), corrected_v = v / (1 - std::pow(0.9, t));
      w -= rate * (corrected_m / (std::sqrt(corrected_v) + 1e-3) + (i < 15 ? 0.5 : 0.0) * w);
    }
  }
  for (Index i = 0; i < 18; ++i) {
    const auto& [w, m, v] = expected[static_cast<std::size_t>(i)];
    BOOST_TEST(weights.flat()(0, leaf_of(i)) == w, boost::test_tools::tolerance(1e-12));
    BOOST_TEST(state.first()(0, leaf_of(i)) == m, boost::test_tools::tolerance(1e-12));
    BOOST_TEST(state.second()(0, leaf_of(i)) == v, boost::test_tools::tolerance(1e-12));
  }
  BOOST_TEST(weights.flat()(0, 15) == 0.0);  // padding
}

BOOST_AUTO_TEST_CASE(state_has_a_piece_for_neighbours_that_decay_alike) {
  const Weights weights{layer};
  const OptimizerState<Backend> state{weights};
  BOOST_TEST_REQUIRE(state.pieces().size() == 2U);
  BOOST_TEST((state.pieces()[0].begin == 0 && state.pieces()[0].size == 16 && state.pieces()[0].decay == Decay::yes));
  BOOST_TEST((state.pieces()[1].begin == 16 && state.pieces()[1].size == 8 && state.pieces()[1].decay == Decay::no));
}

BOOST_AUTO_TEST_CASE(clipping_brings_the_norm_down_to_the_limit) {
  Weights gradients{layer};
  Backend::Context c;
  for (Index i = 0; i < 4; ++i) gradients.record().weight(0, i) = 3;
  using In = View<const double>;
  const ClippedNorm free = clip_by_norm(c, In(gradients.flat()), 10, 0.5);
  BOOST_TEST(free.norm == 3.0);
  BOOST_TEST(free.scale == 0.5);
  const ClippedNorm clipped = clip_by_norm(c, In(gradients.flat()), 1.5, 0.5);
  BOOST_TEST(clipped.norm == 3.0);
  BOOST_TEST(clipped.scale * 6 == 1.5, boost::test_tools::tolerance(1e-14));
  BOOST_TEST(clip_by_norm(c, In(gradients.flat()), 0).scale == 1.0);
}

BOOST_AUTO_TEST_CASE(average_follows_the_weights) {
  Weights weights{layer, Seed{1}};
  Average<Layer, Backend> average{weights, 0.9};
  BOOST_TEST(average.record().weight(1, 1) == weights.record().weight(1, 1));
  Backend::Context c;
  double expected = weights.record().weight(1, 1);
  for (Index t = 1; t <= 200; ++t) {
    weights.record().weight(1, 1) = static_cast<double>(t);
    average.update(c, weights, t);
    const double decay = std::min(0.9, static_cast<double>(1 + t) / static_cast<double>(10 + t));
    expected = decay * expected + (1 - decay) * static_cast<double>(t);
  }
  BOOST_TEST(average.record().weight(1, 1) == expected, boost::test_tools::tolerance(1e-10));
  BOOST_TEST(average_decay(0.9, 1) < 0.2);
  BOOST_TEST(average_decay(0.9, 1000) == 0.9);
}

BOOST_AUTO_TEST_CASE(impossible_values_are_refused) {
  BOOST_CHECK_THROW((AdamW{.rate = -1}.check()), Error);
  BOOST_CHECK_THROW((AdamW{.beta2 = 1}.check()), Error);
  BOOST_CHECK_THROW((AdamW{.epsilon = 0}.check()), Error);
  const Weights weights{layer, Seed{1}};
  BOOST_CHECK_THROW((Average<Layer, Backend>{weights, 1.0}), Error);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
