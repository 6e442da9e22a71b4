// AdamW, clipping and averages against plain loops.
#include <boost/test/unit_test.hpp>

#include <rondo/backend/reference/reference.hpp>
#include <rondo/layer/linear.hpp>
#include <rondo/optimizer/any_optimizer.hpp>
#include <rondo/optimizer/average.hpp>
#include <rondo/optimizer/clip.hpp>
#include <rondo/optimizer/optimizer_state.hpp>

#include <io/temporary_folder.hpp>

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
  OptimizerState<AdamW, Backend> state{adamw, weights};
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
    state.update(c, adamw, {.step = t, .rate_share = share, .gradient_scale = scale}, weights, gradients);
    for (Index i = 0; i < 18; ++i) {
      auto& [w, m, v] = expected[static_cast<std::size_t>(i)];
      const double g = scale * gradient_at(t, i), rate = 0.1 * share;
      m = 0.8 * m + 0.2 * g;
      v = 0.9 * v + 0.1 * g * g;
      const double corrected_m = m / (1 - std::pow(0.8, t)), corrected_v = v / (1 - std::pow(0.9, t));
      w -= rate * (corrected_m / (std::sqrt(corrected_v) + 1e-3) + (i < 15 ? 0.5 : 0.0) * w);
    }
  }
  const auto slots = state.tensors(adamw, weights);  // first and second moments of weight and bias
  BOOST_TEST_REQUIRE(slots.size() == 4U);
  BOOST_TEST((slots[0].name == "first.weight" && slots[1].name == "first.bias" && slots[2].name == "second.weight"));
  for (Index i = 0; i < 18; ++i) {
    const auto& [w, m, v] = expected[static_cast<std::size_t>(i)];
    const auto slot = [&](std::size_t moment) { return i < 15 ? slots[moment].tensor.data[i] : slots[moment + 1].tensor.data[i - 15]; };
    BOOST_TEST(weights.flat()(0, leaf_of(i)) == w, boost::test_tools::tolerance(1e-12));
    BOOST_TEST(slot(0) == m, boost::test_tools::tolerance(1e-12));
    BOOST_TEST(slot(2) == v, boost::test_tools::tolerance(1e-12));
  }
  BOOST_TEST(weights.flat()(0, 15) == 0.0);  // padding
}

BOOST_AUTO_TEST_CASE(state_has_a_piece_for_neighbours_that_decay_alike) {
  const Weights weights{layer};
  const OptimizerState<AdamW, Backend> state{AdamW{}, weights};
  BOOST_TEST_REQUIRE(state.pieces().size() == 2U);
  BOOST_TEST((state.pieces()[0].begin == 0 && state.pieces()[0].size == 16 && state.pieces()[0].decay == 1));
  BOOST_TEST((state.pieces()[1].begin == 16 && state.pieces()[1].size == 8 && state.pieces()[1].decay == 0));
  const Group all{.rate = 2, .decay = 0.5};
  const OptimizerState<AdamW, Backend> alike{AdamW{}, weights, {}, {&all, 1}};
  BOOST_TEST_REQUIRE(alike.pieces().size() == 1U);
  BOOST_TEST((alike.pieces()[0].size == 24 && alike.pieces()[0].rate == 2 && alike.pieces()[0].decay == 0.5));
}

BOOST_AUTO_TEST_CASE(clipping_brings_the_norm_down_to_the_limit) {
  Weights gradients{layer};
  Backend::Context c;
  for (Index i = 0; i < 4; ++i) gradients.record().weight(0, i) = 3;
  const ClippedNorm free = clip_norm(c.sum_of_squares(gradients.flat()), 10, 0.5);
  BOOST_TEST(free.norm == 3.0);
  BOOST_TEST(free.scale == 0.5);
  const ClippedNorm clipped = clip_norm(c.sum_of_squares(gradients.flat()), 1.5, 0.5);
  BOOST_TEST(clipped.norm == 3.0);
  BOOST_TEST(clipped.scale * 6 == 1.5, boost::test_tools::tolerance(1e-14));
  BOOST_TEST(clip_norm(c.sum_of_squares(gradients.flat()), 0).scale == 1.0);
}

// An average of numbers of which the t-th is t, started from 100.
double averaged(const AnyAverage& average, Index steps) {
  double result = 100;
  for (Index t = 1; t <= steps; ++t) result += average.share(t, steps) * (static_cast<double>(t) - result);
  return result;
}
BOOST_AUTO_TEST_CASE(averages_are_their_formulas) {
  const auto close = boost::test_tools::tolerance(1e-12);
  double warmed = 100, plain = 100, weights = 0, sum = 0;
  for (Index t = 1; t <= 30; ++t) {
    const auto now = static_cast<double>(t);
    const double decay = std::min(0.5, (1 + now) / (10 + now));
    warmed = decay * warmed + (1 - decay) * now;
    plain = 0.5 * plain + 0.5 * now;
    weights = 0.5 * weights + 1, sum = 0.5 * sum + now;
    BOOST_TEST(averaged({WarmedAverage{0.5}}, t) == warmed, close);
    BOOST_TEST(averaged({ExponentialAverage{0.5}}, t) == plain, close);
    BOOST_TEST(averaged({CorrectedAverage{0.5}}, t) == sum / weights, close);
  }
  BOOST_TEST(averaged({TailAverage{4}}, 30) == 28.5, close);  // of 27, 28, 29, 30
  BOOST_TEST(averaged({TailAverage{40}}, 5) == 3.0, close);
  BOOST_TEST((!AnyAverage{}.there() && AnyAverage{TailAverage{}}.there()));
}

BOOST_AUTO_TEST_CASE(the_first_group_that_fits_decides) {
  BOOST_TEST((fits_pattern("a.b.c", "*") && fits_pattern("a.b.c", "a.*.c") && fits_pattern("a.b.c", "a.b.c") && fits_pattern("", "*")));
  BOOST_TEST((fits_pattern("blocks.12.mixer.weight", "blocks.*.weight") && fits_pattern("aab", "*ab") && fits_pattern("ab", "a*b*")));
  BOOST_TEST((!fits_pattern("a.b.c", "a.b") && !fits_pattern("a.b", "a.b.c") && !fits_pattern("abc", "*b") && !fits_pattern("", "a")));
  Weights weights{layer, Seed{1}}, gradients{layer};
  Backend::Context c;
  const std::vector<Group> groups{{.roles = {Role::vector}, .rate = 0.5, .decay = 1.0}, {.path = "w*", .rate = 0}, {.path = "*"}};
  const std::string message = message_of([&] { OptimizerState<Sgd, Backend>{Sgd{}, weights, {}, groups}; });
  BOOST_TEST(message == "optimiser: group 2 (path '*') has no parameter");
  for (const Group& bad : {Group{.rate = -1}, Group{.decay = std::nan("")}, Group{.rate = HUGE_VAL}})
    BOOST_TEST(message_of([&] { OptimizerState<Sgd, Backend>{Sgd{}, weights, {}, {&bad, 1}}; }).find("must be at least 0, found") !=
               std::string::npos);
  const Sgd sgd{.rate = 0.1, .momentum = 0, .decay = 0.2};
  OptimizerState<Sgd, Backend> state{sgd, weights, {}, std::span(groups).first(2)};
  const double weight = weights.record().weight(0, 0), bias = weights.record().bias(0, 0);
  gradients.record().weight(0, 0) = gradients.record().bias(0, 0) = 3;
  state.update(c, sgd, {}, weights, gradients);
  BOOST_TEST(weights.record().weight(0, 0) == weight);
  BOOST_TEST(weights.record().bias(0, 0) == bias - 0.05 * (3 + 0.2 * bias), boost::test_tools::tolerance(1e-14));
}

BOOST_AUTO_TEST_CASE(impossible_values_are_refused) {
  const auto problem_of = [](const auto& optimizer) { return message_of([&] { checked(optimizer); }); };
  BOOST_TEST(problem_of(AdamW{}) == "no error");
  BOOST_TEST(problem_of(AdamW{.rate = -1}) == "adamw: rate must be at least 0, found -1");
  BOOST_TEST(problem_of(AdamW{.beta2 = 1}) == "adamw: beta2 must be in [0, 1), found 1");
  BOOST_TEST(problem_of(AdamW{.epsilon = 0}) == "adamw: epsilon must be above 0, found 0");
  BOOST_TEST(problem_of(AnyOptimizer{Muon{.rest = {.decay = -1}}}) == "adamw: decay must be at least 0, found -1");
  BOOST_TEST(problem_of(ScheduleFreeAdamW{.beta1 = 1}) == "schedule_free: beta1 must be in (0, 1), found 1");
  for (const AnyAverage average : {AnyAverage{WarmedAverage{1}}, AnyAverage{CorrectedAverage{0}}, AnyAverage{TailAverage{0}}})
    BOOST_CHECK_THROW(average.check(), Error);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
