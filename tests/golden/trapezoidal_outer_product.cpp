// Mamba-3's state space in double against every recorded recurrence of its kind: files that hold the angles keys turn by.
#include <rondo/layer/skip.hpp>
#include <rondo/recurrence/trapezoidal_outer_product.hpp>

#include "golden/recorded_cell.hpp"

namespace rondo::test {
namespace {

// Recorded: the decay adt = rate dt as an input of its own, keys with biases, and y = o + D x.
void agrees(const std::filesystem::path& file) {
  using Tag = TrapezoidalOuterProduct;
  using Given = View<const double>;
  Recorded cell{file, "C"};
  const Index n = cell.tokens(), b = cell.sequences(), H = cell.size("x", 2);
  const Tag tag{.heads = H, .groups = cell.size("C", 2), .key_width = cell.size("C", 3), .value_width = cell.size("x", 3),
                .angles = cell.size("angle", 2)};
  const Matrix adt = cell.given("adt", n), dt = cell.given("dt", n), rate = cell.zeros(n, H);
  for (Index i = 0; i < rate.size(); ++i) rate.data[i] = dt.data[i] == 0 ? -0.5 : adt.data[i] / dt.data[i];
  const Tag::Weights<Given> w{cell.given("C_bias", H), cell.given("B_bias", H)};
  const Tag::Inputs<Given> in{.q = cell.given("C", n), .k = cell.given("B", n), .rate = rate, .step = dt,
                              .trapezoid = cell.given("trap", n), .angle = cell.given("angle", n), .v = cell.given("x", n)};
  using State = Tag::State<Matrix>;
  const State initial{cell.given("angle_0", b), cell.given("S_0", b), cell.given("k_0", b), cell.given("x_0", b)};
  const State final{cell.result("angle_T", b), cell.result("S_T", b), cell.result("k_T", b), cell.result("x_T", b)};
  const State* const start = initial.memory ? &initial : nullptr;
  const Matrix y = cell.result("y", n), D = cell.given("D", 1);
  cell.context.recurrence(tag, w, in, {y}, {start, &final});
  cell.context.add_scaled(D, in.v, y);
  cell.check("y", y);
  cell.check("angle_T", final.theta);
  cell.check("S_T", final.memory);
  cell.check("k_T", final.key);
  cell.check("x_T", final.value);

  const Tag::Weights<Matrix> dw{cell.result("grad.C_bias", H), cell.result("grad.B_bias", H)};
  const Matrix d_rate = cell.zeros(n, H), d_step = cell.zeros(n, H), dD = cell.result("grad.D", 1);
  const Tag::Inputs<Matrix> d_in{.q = cell.result("grad.C", n), .k = cell.result("grad.B", n), .rate = d_rate, .step = d_step,
                                 .trapezoid = cell.result("grad.trap", n), .angle = cell.result("grad.angle", n),
                                 .v = cell.result("grad.x", n)};
  const State d_final{cell.given("grad.angle_T", b), cell.given("grad.S_T", b), cell.given("grad.k_T", b), cell.given("grad.x_T", b)};
  const State d_initial{cell.result("grad.angle_0", b), cell.result("grad.S_0", b), cell.result("grad.k_0", b), cell.result("grad.x_0", b)};
  const Given dy = cell.given("grad.y", n);
  cell.context.recurrence_gradient(tag, w, in, {}, {dy}, dw, d_in,
                                   {start, d_final.memory ? &d_final : nullptr, start != nullptr ? &d_initial : nullptr});
  cell.context.add_scaled_gradient(D, in.v, dy, d_in.v, dD);
  // From d rate = dt d adt and d step = d dt + rate d adt.
  const Matrix d_adt = cell.given("grad.adt", n), d_dt = cell.given("grad.dt", n);
  double largest = 0, difference = 0;
  for (Index i = 0; i < d_rate.size(); ++i) {
    const double expected_rate = dt.data[i] * d_adt.data[i], expected_step = d_dt.data[i] + rate.data[i] * d_adt.data[i];
    largest = std::max({largest, std::abs(expected_rate), std::abs(expected_step)});
    difference = std::max({difference, std::abs(d_rate.data[i] - expected_rate), std::abs(d_step.data[i] - expected_step)});
  }
  BOOST_TEST(difference <= 1e-10 * largest, file.string() << ": gradients of the step and the rate differ by " << difference / largest);
  cell.check("grad.C", d_in.q);
  cell.check("grad.B", d_in.k);
  cell.check("grad.trap", d_in.trapezoid);
  if (cell.size("C", 1) > 1 || start != nullptr) cell.check("grad.angle", d_in.angle);  // of one token from nothing it is rounding alone
  cell.check("grad.x", d_in.v);
  cell.check("grad.D", dD);
  cell.check("grad.C_bias", dw.query_bias);
  cell.check("grad.B_bias", dw.key_bias);
  cell.check("grad.angle_0", d_initial.theta);
  cell.check("grad.S_0", d_initial.memory);
  cell.check("grad.k_0", d_initial.key);
  cell.check("grad.x_0", d_initial.value);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(golden_trapezoidal_outer_product, *needs_shared("golden/newer/cells"))

BOOST_AUTO_TEST_CASE(every_file_agrees) {
  Index files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(shared("golden/newer/cells"))) {
    if (entry.path().extension() != ".safetensors" || !SafetensorsFile{entry.path()}.contains("angle")) continue;
    agrees(entry.path());
    ++files;
  }
  BOOST_TEST(files > 2);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::test
