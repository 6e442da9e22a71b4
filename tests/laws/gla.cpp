// The laws for gated linear attention's mixer, and its paper's parallel form (Yang et al. 2024, section 4.1) written out.
#include "every_back_end.hpp"

#include <rondo/mixer/gla.hpp>

namespace rondo::testing {

BOOST_AUTO_TEST_SUITE(gla_mixer)

BOOST_AUTO_TEST_CASE(half_as_wide_keys) {
  expect_laws("GlaMixer", [](const Shape& shape) { return subject<GlaMixer<>>(shape); }, {.width = 24, .heads = 3});
}
BOOST_AUTO_TEST_CASE(given_key_width) {
  expect_laws("GlaMixer<SigmoidRoot<2>>", [](const Shape& shape) { return subject<GlaMixer<SigmoidRoot<2>>>(shape); },
              {.width = 9, .heads = 3, .key_width = 5});
}

// o_t = K^-1/2 sum over s <= t of v_s sum over k of q_tk k_sk product over u = s+1 .. t of s(f_uk)^(1/16), then norm, gate and output.
BOOST_AUTO_TEST_CASE(parallel_form) {
  const Shape shape{.width = 8, .heads = 2, .mixer_norm_epsilon = 1e-3};
  const auto mixer = subject<GlaMixer<>>(shape);
  const Batch batch = packed({9});
  const Inputs<double> in = prepare(mixer, batch);
  const auto weight = [&](const std::string& name) -> const Tensor<double>& {
    for (const Tensor<double>& tensor : in.weights)
      if (tensor.name == name) return tensor;
    throw error("no weight ", name);
  };
  const auto product = [](const Tensor<double>& x, const Tensor<double>& w) {
    Tensor<double> y("product", x.rows, w.rows);
    for (Index t = 0; t < x.rows; ++t)
      for (Index r = 0; r < w.rows; ++r)
        for (Index j = 0; j < w.columns; ++j) y(t, r) += x(t, j) * w(r, j);
    return y;
  };
  const auto q = product(in.x, weight("query.weight")), k = product(in.x, weight("key.weight"));
  const auto v = product(in.x, weight("value.weight")), z = product(in.x, weight("gate.weight"));
  auto f = product(product(in.x, weight("decay.down.weight")), weight("decay.up.weight"));
  const Index K = 2, V = 4;
  BOOST_TEST(q.columns == 2 * K);
  Tensor<double> gated("gated", 9, 8);
  for (Index t = 0; t < 9; ++t)
    for (Index h = 0; h < 2; ++h) {
      double o[4] = {}, squares = 0;
      for (Index s = 0; s <= t; ++s)
        for (Index i = h * K; i < (h + 1) * K; ++i) {
          double decay = 1;
          for (Index u = s + 1; u <= t; ++u)
            decay *= std::pow(1 / (1 + std::exp(-f(u, i) - weight("decay.up.bias")(0, i))), 1.0 / 16);
          for (Index j = 0; j < V; ++j) o[j] += q(t, i) * k(s, i) * decay * v(s, h * V + j) / std::sqrt(2.0);
        }
      for (const double each : o) squares += each * each / static_cast<double>(V);
      for (Index j = 0; j < V; ++j) {
        const double gate = z(t, h * V + j);
        gated(t, h * V + j) = o[j] / std::sqrt(squares + 1e-3) * weight("output_norm.weight")(0, h * V + j) * gate / (1 + std::exp(-gate));
      }
    }
  Inputs<double> fresh = in;
  fresh.initial.reset();
  Findings findings;
  compare(findings, "parallel form", product(gated, weight("output.weight")), run_forward<Reference<double>>(mixer, batch, fresh).y,
          1e-13);
  expect_none(findings, "GlaMixer against its parallel form");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
