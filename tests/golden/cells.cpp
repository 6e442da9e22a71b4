// Single recurrences in double against recorded outputs, final states and gradients, with and without an initial state.
#include <cmath>
#include <string>

#include <rondo/gate/softplus_step.hpp>
#include <rondo/recurrence/cell.hpp>
#include <rondo/recurrence/matrix_memory.hpp>
#include <rondo/recurrence/outer_product.hpp>
#include <rondo/recurrence/scalar_outer_product.hpp>
#include <rondo/recurrence/selective_scan.hpp>
#include <rondo/recurrence/softmax_attention.hpp>

#include "golden/recorded_cell.hpp"

namespace rondo::test {
namespace {

void outer_product(const std::string& name) {
  Recorded cell{name, "q"};
  const Index n = cell.tokens(), b = cell.sequences(), heads = cell.size("q", 2), K = cell.size("q", 3), V = cell.size("v", 3);
  const OuterProduct tag{heads, K, V, 1 / std::sqrt(static_cast<double>(K))};
  const Matrix q = cell.given("q", n), k = cell.given("k", n), g = cell.given("g", n), v = cell.given("v", n);
  using State = OuterProduct::State<Matrix>;
  const State initial{cell.given("S_0", b)}, final{cell.result("S_T", b)};
  const State* const start = initial.memory ? &initial : nullptr;
  const Matrix output = cell.result("o", n);
  cell.context.recurrence(tag, {}, {.q = q, .k = k, .g = g, .v = v}, {output}, {start, &final});
  cell.check("o", output);
  cell.check("S_T", final.memory);
  const Matrix dq = cell.result("grad.q", n), dk = cell.result("grad.k", n), dg = cell.result("grad.g", n);
  const Matrix dv = cell.result("grad.v", n);
  const State d_final{cell.given("grad.S_T", b)}, d_initial{cell.result("grad.S_0", b)};
  cell.context.recurrence_gradient(
      tag, {}, {.q = q, .k = k, .g = g, .v = v}, {output}, {cell.given("grad.o", n)}, {}, {.q = dq, .k = dk, .g = dg, .v = dv},
      {start, d_final.memory ? &d_final : nullptr, d_initial.memory ? &d_initial : nullptr});
  cell.check("grad.q", dq);
  cell.check("grad.k", dk);
  cell.check("grad.g", dg);
  cell.check("grad.v", dv);
  cell.check("grad.S_0", d_initial.memory);
}

void lstm(const std::string& name) {
  using State = LstmCell::State<Matrix>;
  Recorded cell{name, "x"};
  Context& c = cell.context;
  const Index n = cell.tokens(), b = cell.sequences(), H = cell.size("h", 2);
  const Cell<LstmCell> tag{H};
  const Matrix x = cell.given("x", n), input = cell.given("W_ih", 4 * H), recurrent = cell.given("W_hh", 4 * H);
  const State initial{cell.given("h_0", b), cell.given("c_0", b)}, final{c.matrix(b, H), cell.result("c_T", b)};
  const bool from = static_cast<bool>(initial.cell);
  const Matrix gates = c.matrix(n, 4 * H), hidden = cell.result("h", n), states = c.matrix(n, H);
  c.linear(x, input, gates);
  c.add_bias(cell.given("b_ih", 1), gates);
  c.add_bias(cell.given("b_hh", 1), gates);
  c.recurrence(tag, {recurrent}, {gates}, {.hidden = hidden, .cell = states, .gates = gates}, {from ? &initial : nullptr, &final});
  cell.check("h", hidden);
  cell.check("c_T", final.cell);
  const Matrix d_gates = c.matrix(n, 4 * H), dx = cell.result("grad.x", n), d_bias = cell.result("grad.b_ih", 1);
  const Matrix d_input = cell.result("grad.W_ih", 4 * H), d_recurrent = cell.result("grad.W_hh", 4 * H);
  const State d_initial{cell.result("grad.h_0", b), cell.result("grad.c_0", b)};
  const State d_final{cell.zeros(b, H), from ? cell.given("grad.c_T", b) : cell.zeros(b, H)};
  c.recurrence_gradient(tag, {recurrent}, {}, {.hidden = hidden, .cell = states, .gates = gates},
                        {.hidden = cell.given("grad.h", n), .cell = {}, .gates = {}}, {d_recurrent}, {d_gates},
                        {from ? &initial : nullptr, &d_final, from ? &d_initial : nullptr});
  c.linear_input_gradient(d_gates, input, dx);
  c.linear_weight_gradient(d_gates, x, d_input);
  c.bias_gradient(d_gates, d_bias);
  cell.check("grad.x", dx);
  cell.check("grad.W_ih", d_input);
  cell.check("grad.W_hh", d_recurrent);
  cell.check("grad.b_ih", d_bias);
  cell.check("grad.b_hh", d_bias);
  cell.check("grad.h_0", d_initial.hidden);
  cell.check("grad.c_0", d_initial.cell);
}

// The file has the paper's c', n' and m: c = c' / n' and n = m + log n' here, so that dc' = dc / n', dn' = (dn - c dc) / n', dm = dn.
void slstm(const std::string& name) {
  using State = SlstmCell::State<Matrix>;
  Recorded cell{name, "X"};
  Context& c = cell.context;
  const Index n = cell.tokens(), b = cell.sequences(), heads = cell.size("h", 2), H = heads * cell.size("h", 3);
  const Cell<SlstmCell> tag{H, heads};
  const Matrix gates = cell.given("X", n), recurrent = cell.given("R", heads), hidden = cell.result("h", n), states = c.matrix(n, H);
  c.add_bias(cell.given("b", 1), gates);
  const State given{cell.given("h_0", b), cell.given("c_0", b), cell.given("n_0", b)}, initial{given.hidden, cell.zeros(b, H), cell.zeros(b, H)};
  const Matrix m = cell.given("m_0", b);
  const bool from = static_cast<bool>(m);
  for (Index i = 0; from && i < m.size(); ++i) {
    initial.cell.data[i] = given.cell.data[i] / given.normaliser.data[i];
    initial.normaliser.data[i] = m.data[i] + std::log(given.normaliser.data[i]);
  }
  const State final{c.matrix(b, H), cell.result("c_T", b), cell.result("m_T", b)};
  c.recurrence(tag, {recurrent}, {gates}, {.hidden = hidden, .cell = states, .gates = gates}, {from ? &initial : nullptr, &final});
  cell.check("h", hidden);
  const Matrix n_final = cell.given("n_T", b);
  for (Index i = 0; i < n_final.size(); ++i) {
    final.cell.data[i] *= n_final.data[i];
    final.normaliser.data[i] -= std::log(n_final.data[i]);
  }
  cell.check("c_T", final.cell);
  cell.check("m_T", final.normaliser);

  const Matrix d_gates = cell.result("grad.X", n), d_recurrent = cell.result("grad.R", heads), d_bias = cell.result("grad.b", 1);
  const State d_initial{cell.zeros(b, H), cell.zeros(b, H), cell.zeros(b, H)};
  c.recurrence_gradient(tag, {recurrent}, {}, {.hidden = hidden, .cell = states, .gates = gates},
                        {.hidden = cell.given("grad.h", n), .cell = {}, .gates = {}}, {d_recurrent}, {d_gates},
                        {from ? &initial : nullptr, nullptr, &d_initial});
  c.bias_gradient(d_gates, d_bias);
  cell.check("grad.X", d_gates);
  cell.check("grad.R", d_recurrent);
  cell.check("grad.b", d_bias);
  if (!from) return;
  const Matrix dc = c.matrix(b, H), dn = c.matrix(b, H);
  for (Index i = 0; i < dc.size(); ++i) {
    dc.data[i] = d_initial.cell.data[i] / given.normaliser.data[i];
    dn.data[i] = (d_initial.normaliser.data[i] - initial.cell.data[i] * d_initial.cell.data[i]) / given.normaliser.data[i];
  }
  cell.check("grad.h_0", d_initial.hidden);
  cell.check("grad.c_0", dc);
  cell.check("grad.n_0", dn);
  cell.check("grad.m_0", d_initial.normaliser);
}

void attention(const std::string& name) {
  Recorded cell{name, "q"};
  const Index n = cell.tokens(), b = cell.sequences(), length = n / b, heads = cell.size("q", 2), d = cell.size("q", 3);
  const SoftmaxAttention tag{heads, cell.size("k", 2), d, 1 / std::sqrt(static_cast<double>(d))};
  const Matrix q = cell.given("q", n), k = cell.given("k", n), v = cell.given("v", n);
  const Matrix output = cell.result("o", n), log_sum = cell.context.matrix(n, heads), by_head = cell.result("lse", b);
  cell.context.recurrence(tag, {}, {.q = q, .k = k, .v = v}, {.o = output, .log_sum = log_sum});
  for (Index t = 0; t < n; ++t)  // the file has heads before tokens
    for (Index h = 0; h < heads; ++h) by_head(t / length, h * length + t % length) = log_sum(t, h);
  cell.check("o", output);
  cell.check("lse", by_head);
  const Matrix dq = cell.result("grad.q", n), dk = cell.result("grad.k", n), dv = cell.result("grad.v", n);
  cell.context.recurrence_gradient(tag, {}, {.q = q, .k = k, .v = v}, {.o = output, .log_sum = log_sum},
                                   {.o = cell.given("grad.o", n), .log_sum = {}}, {}, {.q = dq, .k = dk, .v = dv});
  cell.check("grad.q", dq);
  cell.check("grad.k", dk);
  cell.check("grad.v", dv);
}

// Mamba-2 between its convolution and its gated norm: step, recurrence, skip.
void scalar_outer_product(const std::string& name) {
  Recorded cell{name, "x"};
  Context& c = cell.context;
  const Index n = cell.tokens(), b = cell.sequences();
  const ScalarOuterProduct tag{cell.size("x", 2), cell.size("B", 2), cell.size("B", 3), cell.size("x", 3)};
  const Matrix x = cell.given("x", n), B = cell.given("B", n), C = cell.given("C", n), A_log = cell.given("A_log", 1);
  using State = ScalarOuterProduct::State<Matrix>;
  const State initial{cell.given("S_0", b)}, final{cell.result("S_T", b)};
  const State* const start = initial.memory ? &initial : nullptr;
  const Matrix step = cell.given("dtr", n), skip = cell.given("D", 1);
  const Matrix decay = c.matrix(n, tag.heads), write = c.matrix(n, tag.heads), y = cell.result("y", n);
  c.add_bias(cell.given("dt_bias", 1), step);
  c.gate<SoftplusStep>(step, A_log, decay, write);
  c.recurrence(tag, {}, {.q = C, .k = B, .g = decay, .w = write, .v = x}, {y}, {start, &final});
  c.add_scaled(skip, x, y);
  cell.check("y", y);
  cell.check("S_T", final.memory);
  const Matrix dx = cell.result("grad.x", n), dB = cell.result("grad.B", n), dC = cell.result("grad.C", n), dy = cell.given("grad.y", n);
  const State d_final{cell.given("grad.S_T", b)}, d_initial{cell.result("grad.S_0", b)};
  const Matrix d_step = cell.result("grad.dtr", n), d_skip = cell.result("grad.D", 1);
  const Matrix d_decay = c.matrix(n, tag.heads), d_write = c.matrix(n, tag.heads);
  const Matrix d_A_log = cell.result("grad.A_log", 1), d_bias = cell.result("grad.dt_bias", 1);
  c.recurrence_gradient(tag, {}, {.q = C, .k = B, .g = decay, .w = write, .v = x}, {}, {dy}, {},
                        {.q = dC, .k = dB, .g = d_decay, .w = d_write, .v = dx},
                        {start, d_final.memory ? &d_final : nullptr, d_initial.memory ? &d_initial : nullptr});
  c.add_scaled_gradient(skip, x, dy, dx, d_skip);
  c.gate_gradient<SoftplusStep>(step, A_log, d_decay, d_write, d_step, d_A_log);
  c.bias_gradient(d_step, d_bias);
  cell.check("grad.x", dx);
  cell.check("grad.B", dB);
  cell.check("grad.C", dC);
  cell.check("grad.dtr", d_step);
  cell.check("grad.dt_bias", d_bias);
  cell.check("grad.A_log", d_A_log);
  cell.check("grad.D", d_skip);
  cell.check("grad.S_0", d_initial.memory);
}

// The gradients of final states are by e^m C and e^m n, which are free of m.
void matrix_memory(const std::string& name) {
  Recorded cell{name, "q"};
  Context& c = cell.context;
  const Index n = cell.tokens(), b = cell.sequences(), heads = cell.size("q", 2), K = cell.size("q", 3), V = cell.size("v", 3);
  const MatrixMemory tag{heads, K, V, 1 / std::sqrt(static_cast<double>(K)), cell.given("eps", 1)(0, 0)};
  using State = MatrixMemory::State<Matrix>;
  const Matrix q = cell.given("q", n), k = cell.given("k", n), v = cell.given("v", n), i = cell.given("i", n), f = cell.given("f", n);
  const State initial{cell.given("C_0", b), cell.given("n_0", b), cell.given("m_0", b)};
  const State final{cell.result("C_T", b), cell.result("n_T", b), cell.result("m_T", b)};
  const State* const start = initial.memory ? &initial : nullptr;
  const Matrix h = cell.result("h", n);
  c.recurrence(tag, {}, {.q = q, .k = k, .v = v, .i = i, .f = f}, {h}, {start, &final});
  cell.check("h", h);
  cell.check("C_T", final.memory);
  cell.check("n_T", final.normaliser);
  cell.check("m_T", final.stabiliser);

  State d_final{cell.given("grad.expm_C_T", b), cell.given("grad.expm_n_T", b), c.matrix(b, heads)};
  const State* const end = d_final.memory ? &d_final : nullptr;
  c.zero(d_final.stabiliser);
  if (end)
    for (Index s = 0; s < b; ++s)
      for (Index head = 0; head < heads; ++head) {
        const double factor = std::exp(final.stabiliser(s, head));
        const auto through = [&](Matrix d, Matrix value, Index size) {
          for (Index at = head * size; at < (head + 1) * size; ++at)
            d_final.stabiliser(s, head) += (d(s, at) *= factor) * value(s, at);
        };
        through(d_final.memory, final.memory, K * V);
        through(d_final.normaliser, final.normaliser, K);
      }
  const State d_initial{cell.result("grad.C_0", b), cell.result("grad.n_0", b), cell.result("grad.m_0", b)};
  const Matrix dq = cell.result("grad.q", n), dk = cell.result("grad.k", n), dv = cell.result("grad.v", n);
  const Matrix di = cell.result("grad.i", n), df = cell.result("grad.f", n);
  c.recurrence_gradient(tag, {}, {.q = q, .k = k, .v = v, .i = i, .f = f}, {h}, {cell.given("grad.h", n)}, {},
                        {.q = dq, .k = dk, .v = dv, .i = di, .f = df}, {start, end, d_initial.memory ? &d_initial : nullptr});
  cell.check("grad.q", dq);
  cell.check("grad.k", dk);
  cell.check("grad.v", dv);
  cell.check("grad.i", di);
  cell.check("grad.f", df);
  cell.check("grad.C_0", d_initial.memory);
  cell.check("grad.n_0", d_initial.normaliser);
  cell.check("grad.m_0", d_initial.stabiliser);
}

void selective_scan(const std::string& name) {
  Recorded cell{name, "u"};
  const Index n = cell.tokens(), b = cell.sequences(), channels = cell.size("A_log", 0);
  const SelectiveScan tag{channels, cell.size("A_log", 1)};
  using Given = View<const double>;
  using State = SelectiveScan::State<Matrix>;
  const SelectiveScan::Inputs<Given> in{.u = cell.given("u", n),
                                        .raw_step = cell.given("delta_raw", n),
                                        .B = cell.given("B", n),
                                        .C = cell.given("C", n),
                                        .z = cell.given("z", n)};
  const SelectiveScan::Weights<Given> w{
      .step_bias = cell.given("dt_bias", 1), .A_log = cell.given("A_log", channels), .D = cell.given("Dskip", 1)};
  const State initial{cell.given("h_0", b)}, final{cell.result("h_T", b)};
  const State* const start = initial.memory ? &initial : nullptr;
  const Matrix output = cell.result("out", n);
  cell.context.recurrence(tag, w, in, {output}, {start, &final});
  cell.check("out", output);
  cell.check("h_T", final.memory);
  const SelectiveScan::Inputs<Matrix> d_in{.u = cell.result("grad.u", n),
                                           .raw_step = cell.result("grad.delta_raw", n),
                                           .B = cell.result("grad.B", n),
                                           .C = cell.result("grad.C", n),
                                           .z = cell.result("grad.z", n)};
  const SelectiveScan::Weights<Matrix> d_w{.step_bias = cell.result("grad.dt_bias", 1),
                                           .A_log = cell.result("grad.A_log", channels),
                                           .D = cell.result("grad.Dskip", 1)};
  const State d_final{cell.given("grad.h_T", b)}, d_initial{cell.result("grad.h_0", b)};
  cell.context.recurrence_gradient(tag, w, in, {output}, {cell.given("grad.out", n)}, d_w, d_in,
                                   {start, d_final.memory ? &d_final : nullptr, d_initial.memory ? &d_initial : nullptr});
  cell.check("grad.u", d_in.u);
  cell.check("grad.delta_raw", d_in.raw_step);
  cell.check("grad.B", d_in.B);
  cell.check("grad.C", d_in.C);
  cell.check("grad.z", d_in.z);
  cell.check("grad.dt_bias", d_w.step_bias);
  cell.check("grad.A_log", d_w.A_log);
  cell.check("grad.Dskip", d_w.D);
  cell.check("grad.h_0", d_initial.memory);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(golden_cells, *needs_shared("fixtures/cells"))

BOOST_AUTO_TEST_CASE(outer_product_agrees) {
  for (const char* name : {"gla_T37", "gla_T130", "gla_state_T37", "gla_state_T130"}) outer_product(name);
}
BOOST_AUTO_TEST_CASE(lstm_agrees) {
  for (const char* name : {"lstm_T37", "lstm_T130", "lstm_state_T37", "lstm_state_T130"}) lstm(name);
}
BOOST_AUTO_TEST_CASE(matrix_memory_agrees) {
  for (const char* name : {"mlstm_T37", "mlstm_T130", "mlstm_state_T37", "mlstm_state_T130", "mlstm_eps0_state_T37",
                           "mlstm_eps0_state_T130"})
    matrix_memory(name);
}
BOOST_AUTO_TEST_CASE(slstm_agrees) {
  for (const char* name : {"slstm_T37", "slstm_T130", "slstm_state_T37", "slstm_state_T130"}) slstm(name);
}
BOOST_AUTO_TEST_CASE(scalar_outer_product_agrees) {
  for (const char* name : {"ssd_T37", "ssd_T130", "ssd_state_T37", "ssd_state_T130"}) scalar_outer_product(name);
}
BOOST_AUTO_TEST_CASE(attention_agrees) {
  for (const char* name : {"attention_T37", "attention_T130"}) attention(name);
}
BOOST_AUTO_TEST_CASE(selective_scan_agrees) {
  for (const char* name :
       {"selective_scan_T37", "selective_scan_T130", "selective_scan_state_T37", "selective_scan_state_T130"})
    selective_scan(name);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::test
