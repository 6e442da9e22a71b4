// The chunked outer-product recurrence against float64 values of an independent implementation: decays of exactly one and of
// e^-20 among them, with and without initial states and gradients of the final ones.
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <string>
#include <vector>

#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/io/safetensors.hpp>

#include "matrix.hpp"
#include "support/shared.hpp"

namespace rondo::test {
namespace {

// A stored tensor [B, T, H, n] as rows [B T, H n], or states [B, H, K, V] as rows [B, H K V].
Matrix<double> stored(const SafetensorsFile& file, const std::string& name, Index rows) {
  const StoredTensor& tensor = file.tensor(name);
  Matrix<double> matrix{rows, tensor.elements() / rows};
  tensor.read_into(std::span<double>{matrix.values});
  return matrix;
}
Matrix<float> rounded(const Matrix<double>& from) {
  Matrix<float> to{from.rows, from.columns};
  for (std::size_t i = 0; i < from.values.size(); ++i) to.values[i] = static_cast<float>(from.values[i]);
  return to;
}

void agrees(const Matrix<float>& found, const Matrix<double>& expected, const std::string& name) {
  double size = 0, worst = 0;
  for (double x : expected.values) size = std::max(size, std::abs(x));
  for (std::size_t i = 0; i < expected.values.size(); ++i)
    worst = std::max(worst, std::abs(found.values[i] - expected.values[i]));
  BOOST_TEST(worst < 2e-6 * size, name << ": off by " << worst << " of " << size);
}

void compare(const std::string& name) {
  const SafetensorsFile file{shared("fixtures/cells/" + name + ".safetensors")};
  const std::vector<Index>& keys = file.tensor("k").shape;
  const Index batch = keys[0], length = keys[1], heads = keys[2], K = keys[3], tokens = batch * length;
  const Index V = file.tensor("v").shape[3];
  const OuterProduct tag{heads, K, V, 1 / std::sqrt(static_cast<double>(K))};
  std::vector<Sequence> sequences;
  for (Index b = 0; b < batch; ++b) sequences.push_back({b * length, length, 0});
  const auto rows = [&](const std::string& tensor) { return rounded(stored(file, tensor, tokens)); };
  const bool states = name.find("state") != std::string::npos;
  const Matrix<float> q = rows("q"), k = rows("k"), g = rows("g"), v = rows("v"), d_o = rows("grad.o");
  Matrix<float> initial = states ? rounded(stored(file, "S_0", batch)) : Matrix<float>{0, 0};
  Matrix<float> d_final = states ? rounded(stored(file, "grad.S_T", batch)) : Matrix<float>{0, 0};
  Matrix<float> o{tokens, heads * V}, final{batch, heads * K * V}, dq = q, dk = k, dg = g, dv = v, d_initial = final;
  using State = OuterProduct::State<View<float>>;
  const State first{initial.view()}, d_last{d_final.view()}, last{final.view()}, d_first{d_initial.view()};
  const OuterProduct::Inputs<View<const float>> in{.q = q.view(), .k = k.view(), .g = g.view(), .v = v.view()};
  CpuContext c;
  c.begin(sequences, tokens);
  c.recurrence(tag, {}, in, {o.view()}, {states ? &first : nullptr, &last});
  c.recurrence_gradient(tag, {}, in, {o.view()}, {d_o.view()}, {}, {.q = dq.view(), .k = dk.view(), .g = dg.view(), .v = dv.view()},
                        {states ? &first : nullptr, states ? &d_last : nullptr, &d_first});
  BOOST_TEST_CONTEXT(name) {
    agrees(o, stored(file, "o", tokens), "o");
    agrees(final, stored(file, "S_T", batch), "S_T");
    agrees(dq, stored(file, "grad.q", tokens), "dq");
    agrees(dk, stored(file, "grad.k", tokens), "dk");
    agrees(dg, stored(file, "grad.g", tokens), "dg");
    agrees(dv, stored(file, "grad.v", tokens), "dv");
    if (states) agrees(d_initial, stored(file, "grad.S_0", batch), "dS_0");
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(outer_product_cells, *needs_shared("fixtures/cells/gla_T37.safetensors")) {
  for (const char* name : {"gla_T37", "gla_T130", "gla_state_T37", "gla_state_T130"}) compare(name);
}

}  // namespace rondo::test
