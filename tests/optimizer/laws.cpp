// What each optimiser is for, on numbers small enough to follow by hand; and what all of them have in common.
#include <map>

#include <boost/test/unit_test.hpp>

#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/backend/reference/reference.hpp>
#include <rondo/layer/layer.hpp>
#include <rondo/model/architecture/gpt2.hpp>
#include <rondo/model/architecture/lstm.hpp>
#include <rondo/model/architecture/mamba.hpp>
#include <rondo/model/architecture/mamba2.hpp>
#include <rondo/model/architecture/xlstm.hpp>
#include <rondo/optimizer/any_optimizer.hpp>
#include <rondo/optimizer/masters.hpp>
#include <rondo/optimizer/optimizer_state.hpp>
#include <rondo/testing/guarded.hpp>

namespace rondo::test {
namespace {

using Backend = Reference<double>;
const auto close = boost::test_tools::tolerance(1e-12);

// A joint projection of two matrices, a block-diagonal one, an embedding and a vector that does not decay.
struct Several : NothingSaved, NoState {
  template <class S>
  struct Weights {
    S joint, blocks, table, gain;
  };
  auto weight_leaves(auto&... w) const {
    return leaves(parameter("joint", {7, 5}, normal(1), Decay::yes, w.joint...).as(Role::matrix, {3, 4}),
                  parameter("blocks", {2, 6, 3}, normal(1), Decay::yes, w.blocks...).as(Role::block_diagonal),
                  parameter("table", {4, 3}, normal(1), Decay::yes, w.table...).as(Role::embedding),
                  parameter("gain", {3}, ones(), Decay::no, w.gain...));
  }
};
using Weights = Parameters<Several, Backend>;

void fill(const Weights& weights, std::uint64_t seed) {
  Backend::Context c;
  weights.each([&](const std::string& path, const Leaf&, View<double> tensor) { c.start(tensor, normal(1), key_of(Seed{seed}, path)); });
}
double norm_of(View<double> x) {
  Backend::Context c;
  return std::sqrt(c.sum_of_squares(x));
}
std::vector<double> values(View<double> x) {
  std::vector<double> result;
  for (Index r = 0; r < x.rows; ++r) result.insert(result.end(), x.row(r), x.row(r) + x.columns);
  return result;
}

// Weights before and after one update.
struct OneUpdate {
  Weights before{Several{}, Seed{1}}, after{Several{}, Seed{1}}, gradients{Several{}};
  template <class O>
  explicit OneUpdate(const O& optimizer, double rate_share = 1) {
    fill(gradients, 2);
    OptimizerState<O, Backend> state{optimizer, after};
    Backend::Context c;
    state.update(c, optimizer, {.rate_share = rate_share}, after, gradients);
  }
  template <class Member>
  [[nodiscard]] std::vector<double> step(Member member) const {
    std::vector<double> from = values(before.record().*member), to = values(after.record().*member);
    for (std::size_t i = 0; i < to.size(); ++i) to[i] -= from[i];
    return to;
  }
};
using Record = Several::Weights<View<double>>;
double length(const std::vector<double>& step) {
  double sum = 0;
  for (const double value : step) sum += value * value;
  return std::sqrt(sum);
}

BOOST_AUTO_TEST_SUITE(optimizer_laws)

// sgd from w = 1 with gradients 1, 2: m = 1, then 0.5 + 2 = 2.5.
BOOST_AUTO_TEST_CASE(momentum_by_hand) {
  const Sgd::Step plain{.rate = 0.1, .momentum = 0.5, .decay = 0, .gradient_scale = 1, .nesterov = false};
  Sgd::Step nesterov = plain;
  nesterov.nesterov = true;
  double w = 1, m = 0, v = 1, n = 0;
  for (const double g : {1.0, 2.0}) plain(w, g, m), nesterov(v, g, n);
  BOOST_TEST(m == 2.5, close);
  BOOST_TEST(w == 1 - 0.1 - 0.25, close);
  BOOST_TEST(v == 1 - 0.1 * (1 + 0.5) - 0.1 * (2 + 1.25), close);
}

// The first step of Adam has the size of the rate, whatever the gradient; a penalty goes through the moments, decoupled decay past them.
BOOST_AUTO_TEST_CASE(first_step_of_adam_is_the_rate) {
  const OneUpdate adam{Adam{.rate = 0.01, .epsilon = 1e-30, .decay = 0.5}}, adamw{AdamW{.rate = 0.01, .epsilon = 1e-30, .decay = 0.5}};
  const auto penalised = adam.step(&Record::joint), decoupled = adamw.step(&Record::joint), weights = values(adam.before.record().joint);
  const auto gradients = values(adam.gradients.record().joint);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    BOOST_TEST(penalised[i] == (gradients[i] + 0.5 * weights[i] > 0 ? -0.01 : 0.01), close);
    BOOST_TEST(decoupled[i] == (gradients[i] > 0 ? -0.01 : 0.01) - 0.005 * weights[i], close);
  }
}

BOOST_AUTO_TEST_CASE(cautious_decay_never_works_against_the_update) {
  const auto check = [](const auto& plain, const auto& cautious, double shrink) {
    const OneUpdate all{plain}, some{cautious};
    const auto with = all.step(&Record::joint), chosen = some.step(&Record::joint), weights = values(all.before.record().joint);
    int left_out = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
      const double update = with[i] + shrink * weights[i];  // - rate u
      const bool decays = -update * weights[i] >= 0;
      BOOST_TEST(chosen[i] == (decays ? with[i] : update), close);
      left_out += !decays;
    }
    BOOST_TEST((left_out > 5 && left_out < 30));
  };
  check(AdamW{.rate = 0.01, .decay = 2}, AdamW{.rate = 0.01, .decay = 2, .cautious = true}, 0.02);
  check(Lion{.rate = 0.01, .decay = 2}, Lion{.rate = 0.01, .decay = 2, .cautious = true}, 0.02);
  check(Muon{.rate = 0.01, .decay = 2}, Muon{.rate = 0.01, .decay = 2, .cautious = true}, 0.02);
}

// sign(0) = 0: a weight that never has a gradient only decays.
BOOST_AUTO_TEST_CASE(lion_steps_by_signs) {
  const Lion::Step lion{.rate = 0.1, .beta1 = 0.5, .beta2 = 0.5, .shrink = 0.01, .gradient_scale = 1, .cautious = false};
  double w = 2, m = 0;
  lion(w, 0.0, m);
  BOOST_TEST(w == 1.98, close);
  lion(w, -3.0, m);  // u = -1
  BOOST_TEST(w == 1.98 + 0.1 - 0.0198, close);
  lion(w, 0.5, m);  // 0.5 (-1.5) + 0.5 0.5 < 0
  BOOST_TEST(m == 0.5 * -1.5 + 0.25, close);
  BOOST_TEST(w == (1.98 + 0.1 - 0.0198) * 0.99 + 0.1, close);
}

// A step is as long as rate times the weight, whatever the gradients' size; a vector without decay goes Adam's way.
BOOST_AUTO_TEST_CASE(lamb_steps_are_shares_of_the_weight) {
  const OneUpdate lamb{Lamb{.rate = 0.02}, 0.5}, adam{Adam{.rate = 0.02, .beta2 = 0.98, .epsilon = 1e-6}, 0.5};
  BOOST_TEST(length(lamb.step(&Record::joint)) == 0.01 * norm_of(lamb.before.record().joint), close);
  BOOST_TEST(length(lamb.step(&Record::table)) == 0.01 * norm_of(lamb.before.record().table), close);
  BOOST_TEST(lamb.step(&Record::gain) == adam.step(&Record::gain), close << boost::test_tools::per_element());
}
BOOST_AUTO_TEST_CASE(lamb_moves_weights_that_are_zero) {
  Weights weights{Several{}}, gradients{Several{}};
  gradients.record().joint(0, 0) = 1;
  OptimizerState<Lamb, Backend> state{Lamb{}, weights};
  Backend::Context c;
  state.update(c, Lamb{.rate = 0.5, .epsilon = 1e-30}, {}, weights, gradients);
  BOOST_TEST(weights.record().joint(0, 0) == -0.5, close);
  BOOST_TEST(weights.record().joint(1, 1) == 0.0);
}

// The update of each matrix is orthogonal, roughly, along its short side; joint and block-diagonal weights are several matrices.
void expect_orthogonal(const std::vector<double>& step, Index first, Index rows, Index columns, double scale, double low, double high) {
  const bool tall = rows > columns;
  const Index side = std::min(rows, columns), length = std::max(rows, columns);
  const auto entry = [&](Index a, Index i) {
    return step.at(static_cast<std::size_t>(first + (tall ? i * columns + a : a * columns + i))) / scale;
  };
  double trace = 0, squares = 0;  // of U U^T
  for (Index a = 0; a < side; ++a)
    for (Index b = 0; b < side; ++b) {
      double product = 0;
      for (Index i = 0; i < length; ++i) product += entry(a, i) * entry(b, i);
      trace += a == b ? product : 0;
      squares += product * product;
    }
  const auto n = static_cast<double>(side);
  BOOST_TEST((trace > n * low * low && trace < n * high * high), trace / n);
  // All singular values s are in [low, high]: the sum of (s^2 - trace / n)^2 is at most that of numbers at the two ends.
  BOOST_TEST(squares - trace * trace / n <= n * std::pow((high * high - low * low) / 2, 2), squares - trace * trace / n);
}
BOOST_AUTO_TEST_CASE(muon_steps_are_orthogonal) {
  for (const auto& [polynomials, low, high] :
       {std::tuple{Polynomials::newton_schulz, 0.65, 1.25}, {Polynomials::polar_express, 0.9, 1.1}}) {
    const OneUpdate muon{Muon{.rate = 0.5, .decay = 0, .polynomials = polynomials}, 0.1};
    const auto joint = muon.step(&Record::joint), blocks = muon.step(&Record::blocks);
    expect_orthogonal(joint, 0, 3, 5, 0.05, low, high);
    expect_orthogonal(joint, 15, 4, 5, 0.05, low, high);
    expect_orthogonal(blocks, 0, 6, 3, 0.05 * std::sqrt(2.0), low, high);
    expect_orthogonal(blocks, 18, 6, 3, 0.05 * std::sqrt(2.0), low, high);
    const OneUpdate rms{Muon{.rate = 0.5, .decay = 0, .scaling = Muon::Scaling::match_rms, .polynomials = polynomials}, 0.1};
    expect_orthogonal(rms.step(&Record::blocks), 18, 6, 3, 0.05 * 0.2 * std::sqrt(6.0), low, high);
  }
}
BOOST_AUTO_TEST_CASE(muon_leaves_the_rest_to_adamw) {
  const AdamW rest{.rate = 0.003, .decay = 0.3};
  const OneUpdate muon{Muon{.rest = rest}}, adamw{rest};
  BOOST_TEST((muon.step(&Record::table) == adamw.step(&Record::table) && muon.step(&Record::gain) == adamw.step(&Record::gain)));
  BOOST_TEST((muon.step(&Record::joint) != adamw.step(&Record::joint)));
  // 35 and 36 numbers of momentum, 12 and 3 of two moments, each in whole cache lines of 8.
  const Weights weights{Several{}};
  BOOST_TEST((OptimizerState<Muon, Backend>{Muon{}, weights}.bytes()) == 8U * (40 + 40 + 2 * 16 + 2 * 8));
  BOOST_TEST((OptimizerState<AdamW, Backend>{rest, weights}.bytes()) == 8U * 2 * (40 + 40 + 16 + 8));
}

// With one rate, x is the mean of all z; y lies between the two.
BOOST_AUTO_TEST_CASE(schedule_free_evaluates_the_mean) {
  const ScheduleFreeAdamW optimizer{.rate = 0.05, .beta1 = 0.8};
  Weights y{Several{}, Seed{1}}, gradients{Several{}}, x{Several{}}, mean{Several{}};
  OptimizerState<ScheduleFreeAdamW, Backend> state{optimizer, y};
  Backend::Context c;
  state.evaluation(c, optimizer, y, x);
  BOOST_TEST(values(x.flat()) == values(y.flat()), close << boost::test_tools::per_element());
  for (Index t = 1; t <= 6; ++t) {
    fill(gradients, static_cast<std::uint64_t>(t));
    state.update(c, optimizer, {.step = t}, y, gradients);
    state.evaluation(c, optimizer, y, x);
    std::size_t number = 0;
    for (const auto& slot : state.tensors(optimizer, y)) {
      if (!slot.name.starts_with("base.")) continue;
      const View<double> all = mean.tensors()[number].tensor, now = y.tensors()[number].tensor, evaluated = x.tensors()[number].tensor;
      c.blend(slot.tensor, all, 1 / static_cast<double>(t));
      for (Index r = 0; r < all.rows; ++r)
        for (Index i = 0; i < all.columns; ++i) {
          BOOST_TEST(evaluated(r, i) == all(r, i), close);
          BOOST_TEST(now(r, i) == 0.8 * evaluated(r, i) + 0.2 * slot.tensor(r, i), close);
        }
      ++number;
    }
    BOOST_TEST(number == 4U);
  }
}
// A step at rate zero, as the first of a warm-up from zero, has no weight in the average and changes nothing.
BOOST_AUTO_TEST_CASE(schedule_free_counts_no_step_of_rate_zero) {
  const OneUpdate nothing{ScheduleFreeAdamW{}, 0.0};
  BOOST_TEST(length(nothing.step(&Record::joint)) == 0.0);
}

// Over all optimisers: the scale of gradients counts as if they had it, a group's rate as if the optimiser had it.
template <std::size_t I = 0>
void each_optimizer(const auto& act) {
  using Variant = decltype(AnyOptimizer::chosen);
  if constexpr (I < std::variant_size_v<Variant>) {
    act(std::variant_alternative_t<I, Variant>{});
    each_optimizer<I + 1>(act);
  }
}
BOOST_AUTO_TEST_CASE(scales_and_rates_are_shares) {
  each_optimizer([]<class O>(const O& optimizer) {
    const auto after = [&](O one, double scale, double share, double group_rate) {
      Weights weights{Several{}, Seed{1}}, gradients{Several{}};
      const Group group{.rate = group_rate};
      OptimizerState<O, Backend> state{one, weights, {}, {&group, 1}};
      Backend::Context c;
      for (Index t = 1; t <= 3; ++t) {
        fill(gradients, static_cast<std::uint64_t>(t));
        c.scale(gradients.flat(), 1 / scale);
        state.update(c, one, {.step = t, .rate_share = share, .gradient_scale = scale}, weights, gradients);
      }
      return values(weights.flat());
    };
    const std::vector<double> plain = after(optimizer, 1, 1, 1);
    O half = optimizer;
    half.rate *= 0.5;
    if constexpr (requires { half.rest; }) half.rest.rate *= 0.5;
    const std::vector<double> slower = after(half, 1, 1, 1);
    BOOST_TEST(after(optimizer, 0.25, 1, 1) == plain, close << boost::test_tools::per_element());
    BOOST_TEST(after(optimizer, 1, 0.5, 1) == slower, close << boost::test_tools::per_element());
    BOOST_TEST(after(optimizer, 1, 1, 0.5) == slower, close << boost::test_tools::per_element());
    BOOST_TEST((slower != plain), O::name);
  });
}

// One call for neighbours and one for each parameter are the same bits; padding stays zero.
BOOST_AUTO_TEST_CASE(pieces_are_their_parameters) {
  each_optimizer([]<class O>(const O& optimizer) {
    using Floats = Parameters<Several, Cpu>;
    Floats weights{Several{}, Seed{1}}, expected{Several{}, Seed{1}}, gradients{Several{}, Seed{2}};
    OptimizerState<O, Cpu> state{optimizer, weights};
    BOOST_TEST(state.pieces().size() == (O::elementwise ? 2U : 4U));
    Cpu::Context c;
    for (Index t = 1; t <= 3; ++t) state.update(c, optimizer, {.step = t}, weights, gradients);
    if constexpr (O::elementwise && !requires { optimizer.numbers; }) {
      const std::array<Floats, 2> slots{Floats{Several{}}, Floats{Several{}}};
      for (Index t = 1; t <= 3; ++t)
        for (std::size_t i = 0; i < weights.tensors().size(); ++i) {
          const auto& [path, leaf, w] = expected.tensors()[i];
          Slots<Cpu::Context, O> own;
          for (std::size_t slot = 0; slot < own.size(); ++slot) own[slot] = slots.at(slot).tensors()[i].tensor;
          const double decay = leaf.decay == Decay::yes ? 1 : 0;
          const Update now{.step = t};
          optimizer.update(c, {View<const Update>{&now, 1, 1}, 1, decay}, leaf, w, View<const float>(gradients.tensors()[i].tensor), own);
        }
      for (Index i = 0; i < weights.flat().columns; ++i) BOOST_TEST(weights.flat()(0, i) == expected.flat()(0, i));
    }
    for (const Index padding : {35, 47, 48 + 36, 95, 96 + 12, 111, 112 + 3}) BOOST_TEST(weights.flat()(0, padding) == 0.0F);
  });
}

// Masters go the way of weights without a copy, and the copy is what rounding them gives, after every step of every optimiser.
template <class Stored, class Back>
void expect_rounded_copies() {
  each_optimizer([]<class O>(const O& optimizer) {
    using Plain = Parameters<Several, Back>;
    Plain weights{Several{}, Seed{1}}, gradients{Several{}};
    const Masters<Several, Back, Stored> masters{Plain{Several{}, Seed{1}}};
    OptimizerState<O, Back> state{optimizer, weights}, beside{optimizer, masters.weights()};
    typename Back::Context c;
    for (Index t = 0; t <= 3; ++t) {
      if (t > 0) {
        gradients = Plain{Several{}, Seed{static_cast<std::uint64_t>(t)}};
        state.update(c, optimizer, {.step = t}, weights, gradients);
        beside.update(c, optimizer, {.step = t}, masters.weights(), gradients, masters.stored());
      }
      for (std::size_t i = 0; i < weights.tensors().size(); ++i) {
        const auto expected = weights.tensors()[i].tensor, found = masters.weights().tensors()[i].tensor;
        const auto copy = masters.stored().tensors()[i].tensor;
        for (Index r = 0; r < expected.rows; ++r)
          for (Index k = 0; k < expected.columns; ++k) {
            BOOST_TEST(found(r, k) == expected(r, k), O::name);
            BOOST_TEST(copy(r, k).bits == Stored(static_cast<float>(found(r, k))).bits, O::name);
          }
      }
    }
  });
}
BOOST_AUTO_TEST_CASE(stored_copies_are_rounded_masters) {
  expect_rounded_copies<bf16, Cpu>();
  expect_rounded_copies<fp16, Cpu>();
  expect_rounded_copies<bf16, Reference<float>>();
}

// The same where the host cannot look: numbers are downloaded.
BOOST_AUTO_TEST_CASE(stored_copies_of_a_device) {
  using Device = testing::Guarded<float>;
  Device::Context c;
  const Parameters<Several, Device> gradients{Several{}, Seed{2}, c};
  Parameters<Several, Reference<float>> expected{Several{}, Seed{1}}, slopes{Several{}, Seed{2}};
  Reference<float>::Context host;
  const Masters<Several, Device, bf16> masters{Parameters<Several, Device>{Several{}, Seed{1}, c}, c};
  OptimizerState<Muon, Device> state{Muon{}, masters.weights(), c};
  OptimizerState<Muon, Reference<float>> beside{Muon{}, expected};
  state.update(c, Muon{}, {}, masters.weights(), gradients, masters.stored());
  beside.update(host, Muon{}, {}, expected, slopes);
  for (std::size_t i = 0; i < expected.tensors().size(); ++i) {
    const auto size = static_cast<std::size_t>(expected.tensors()[i].tensor.size());
    std::vector<bf16> found(size);
    const View<const bf16, Place::device> copy = masters.stored().tensors()[i].tensor;
    c.download(copy.reshaped(1, copy.size()), std::span<bf16>(found));
    for (std::size_t k = 0; k < size; ++k) BOOST_TEST(found[k].bits == bf16(expected.tensors()[i].tensor.data[k]).bits);
  }
}

// The roles and matrices of real models: nothing that is no matrix is one, and joint projections are cut.
BOOST_AUTO_TEST_CASE(models_say_what_their_parameters_are) {
  const auto matrices = [](const auto& model) {
    std::map<std::string, std::string> found;
    for (const auto& [path, leaf] : named_leaves(WeightRecords{}, model)) {
      std::string text{name_of(leaf.role)};
      if (leaf.role == Role::matrix || leaf.role == Role::block_diagonal)
        leaf.each_matrix([&](Index, Index rows, Index columns) { text += " " + std::to_string(rows) + "x" + std::to_string(columns); });
      found[path] = text;
    }
    return found;
  };
  Shape shape;
  shape.vocabulary = 32, shape.width = 8, shape.depth = 2, shape.heads = 2, shape.mlp_width = 12, shape.context = 16;
  shape.inner_width = 16, shape.state_size = 4, shape.step_rank = 2, shape.second_blocks = BlockSet{1};
  auto found = matrices(Mamba{shape});
  BOOST_TEST(found["embedding.weight"] == "embedding");
  BOOST_TEST(found["blocks.0.input.weight"] == "matrix 16x8 16x8");
  BOOST_TEST(found["blocks.0.selection.weight"] == "matrix 2x16 4x16 4x16");
  BOOST_TEST(found["blocks.0.convolution.weight"] == "taps");
  BOOST_TEST(found["blocks.0.A_log"] == "vector");
  found = matrices(Mamba2{shape});
  BOOST_TEST(found["blocks.0.input.weight"] == "matrix 16x8 16x8 4x8 4x8 2x8");
  BOOST_TEST(found["head.weight"] == "head");
  found = matrices(Lstm{shape});
  BOOST_TEST(found["blocks.0.recurrent"] == "matrix 8x8 8x8 8x8 8x8");
  found = matrices(Xlstm{shape});
  BOOST_TEST(found["blocks.0.up.weight"] == "matrix 16x8 16x8");
  BOOST_TEST(found["blocks.0.query.weight"] == "block_diagonal 4x4 4x4 4x4 4x4");
  BOOST_TEST(found["blocks.0.forget_gate.weight"] == "gate");
  BOOST_TEST(found["blocks.1.mixer.recurrent"] == "block_diagonal 4x4 4x4 4x4 4x4 4x4 4x4 4x4 4x4");
  BOOST_TEST(found["blocks.1.mixer.input.bias"] == "vector");
  found = matrices(Gpt2{shape});
  BOOST_TEST(found["embedding.position"] == "positions");
  BOOST_TEST(found["blocks.0.mixer.query.weight"] == "matrix 8x8");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
