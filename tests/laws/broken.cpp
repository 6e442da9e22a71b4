// Each law can fail: one small recurrent layer, and each way to break it that a law is there to find.
//
//   h_t = (h_{t-1} + w x_t) / 2,  y_t = h_t        per channel; written out with its backward, on host memory
#include "every_back_end.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <limits>

#include <rondo/core/half.hpp>

namespace rondo::testing {

enum class Fault {
  none,
  wrong_factor,              // in the gradient of the weight
  wrong_initial_gradient,    // in the gradient of the initial state
  overwritten_gradient,      // the weight's gradient is written instead of added to
  unwritten_input_gradient,  // the input's gradient is added to what is there
  unwritten_output,          // of the last row
  seed_ignored,              // numbers that no seed decides
  looks_ahead,               // at the next token
  leaks_between_sequences,   // starts where the sequence before ended
  forgets_initial_state,
  forgets_final_state,
  starts_at_one,   // without an initial state
  wrong_in_steps,  // sequences of one token
  keeps_scratch,
  allocates,
  two_leaves_of_one_name,
  imprecise,      // in float
  reads_padding,  // the row before a sequence
  gradient_into_padding,
};

// Places that outlive a pass, as a careless layer would use them.
inline double hidden_counter = 0;
inline std::vector<double> allocated;

class Averager : public PlainLayer {
 public:
  Averager(Index width, Fault fault) : width_(width), fault_(fault) {}

  template <class S>
  struct Weights {
    S weight, unused;
  };
  auto weight_leaves(auto&... w) const {
    const char* const second = fault_ == Fault::two_leaves_of_one_name ? "weight" : "unused";
    return leaves(parameter("weight", {width_}, ones(), Decay::no, w.weight...),
                  parameter(second, {1}, zeros(), Decay::no, w.unused...));
  }
  template <class S>
  struct Saved {};
  auto saved_leaves(Extent, auto&...) const { return leaves(); }
  template <class S>
  struct State {
    S sum;
  };
  auto state_leaves(Extent extent, auto&... s) const { return leaves(buffer("sum", {extent.sequences, width_}, s.sum...)); }

  template <class C>
  void forward(C& c, const auto& w, In<C> x, Out<C> y, const auto&, const CarriedFor<Averager, C>& carried) const {
    using T = typename C::Scalar;
    if (is(Fault::keeps_scratch)) static_cast<void>(c.matrix(1, 3));
    if (is(Fault::allocates)) allocated = std::vector<double>(allocated.size() + 1);
    c.zero(y);
    for (Index i = 0; i < width_; ++i) {
      T h(0);
      for (Index s = 0; s < std::ssize(c.sequences()); ++s) {
        const Sequence sequence = c.sequences()[static_cast<std::size_t>(s)];
        const Index end = sequence.begin + sequence.length;
        if (!is(Fault::leaks_between_sequences)) h = T(is(Fault::starts_at_one) ? 1 : 0);
        const bool forgets = is(Fault::forgets_initial_state) || (is(Fault::wrong_in_steps) && sequence.length == 1);
        if (carried.initial && !forgets) h = carried.initial->sum(s, i);
        if (is(Fault::reads_padding) && sequence.begin > 0) h += x(sequence.begin - 1, i);
        for (Index t = sequence.begin; t < end; ++t) {
          h = (h + w.weight(0, i) * x(t, i)) * half<T>();
          y(t, i) = h;
          if (is(Fault::looks_ahead) && t + 1 < end) y(t, i) += x(t + 1, i);
          if (is(Fault::seed_ignored)) y(t, i) += T(static_cast<Real<T>>(hidden_counter += 1e-3));
          if (is(Fault::imprecise) && sizeof(T) == sizeof(float)) y(t, i) *= T(static_cast<Real<T>>(1.001));
        }
        if (carried.final && !is(Fault::forgets_final_state)) carried.final->sum(s, i) = h;
      }
    }
    if (is(Fault::unwritten_output) && y.rows > 0)
      y(y.rows - 1, 0) = T(static_cast<Real<T>>(std::numeric_limits<double>::quiet_NaN()));
  }

  template <class C>
  void backward(C& c, const auto& w, In<C> x, In<C> dy, Out<C> dx, const auto&, const auto& dw,
                const CarriedGradientFor<Averager, C>& carried) const {
    using T = typename C::Scalar;
    if (is(Fault::overwritten_gradient)) c.zero(dw.weight);
    if (!is(Fault::unwritten_input_gradient)) c.zero(dx);
    if (is(Fault::gradient_into_padding) && c.sequences()[0].begin > 0) dx(0, 0) = T(1);
    for (Index i = 0; i < width_; ++i)
      for (Index s = 0; s < std::ssize(c.sequences()); ++s) {
        const Sequence sequence = c.sequences()[static_cast<std::size_t>(s)];
        T dh = carried.d_final ? carried.d_final->sum(s, i) : T(0);
        for (Index t = sequence.begin + sequence.length - 1; t >= sequence.begin; --t) {
          dh = (dh + dy(t, i)) * half<T>();
          dw.weight(0, i) += dh * x(t, i) * (is(Fault::wrong_factor) ? T(static_cast<Real<T>>(1.0 + 1e-6)) : T(1));
          dx(t, i) += dh * w.weight(0, i);
        }
        if (carried.d_initial) carried.d_initial->sum(s, i) = is(Fault::wrong_initial_gradient) ? dh * half<T>() : dh;
      }
  }

 private:
  template <class T>
  static T half() {
    return T(static_cast<Real<T>>(0.5));
  }
  [[nodiscard]] bool is(Fault fault) const { return fault_ == fault; }

  Index width_;
  Fault fault_;
};

// y = x, copied by the address of each: what the compiler cannot refuse where that is no memory of the host's.
class ByAddress : public PlainLayer, public NoWeights, public NothingSaved, public NoState {
 public:
  template <class C>
  void forward(C&, const auto&, In<C> x, Out<C> y, const auto&, const auto&) const {
    std::copy_n(x.data, x.size(), y.data);
  }
  template <class C>
  void backward(C& c, const auto&, In<C>, In<C> dy, Out<C> dx, const auto&, const auto&, const auto&) const {
    c.copy(dy, dx);
  }
};

auto averager(Fault fault) {
  return subject(Averager{3, fault}, 3, 3);
}
using Exact = Reference<double>;
const Batch batch = packed({5, 4}, 3, 1, 2);  // padding before, between and behind

// The findings of a law are there and speak of nothing else.
void expect_found(const Findings& findings, const std::string& law) {
  BOOST_TEST(!findings.empty(), "nothing found against " << law);
  for (const Finding& finding : findings) BOOST_TEST(finding.law.substr(0, law.size()) == law, findings);
}

BOOST_AUTO_TEST_SUITE(broken)

BOOST_AUTO_TEST_CASE(the_whole_layer_keeps_the_laws) {
  const auto make = [](const Shape&) { return averager(Fault::none); };
  expect_laws_on<Exact>("Averager on Reference", make, {});
  expect_laws_on<Cpu>("Averager on Cpu", make, {});
}
BOOST_AUTO_TEST_CASE(law_1_gradients) {
  expect_found(gradients_are_exact<Exact>(averager(Fault::wrong_factor), batch), "L1");
  expect_found(gradients_are_exact<Exact>(averager(Fault::wrong_initial_gradient), batch), "L1");
}
BOOST_AUTO_TEST_CASE(law_2_added_and_written) {
  for (const Fault fault : {Fault::overwritten_gradient, Fault::unwritten_input_gradient, Fault::unwritten_output}) {
    expect_found(gradients_accumulate<Exact>(averager(fault), batch), "L2");
    expect_found(gradients_accumulate<Cpu>(averager(fault), batch), "L2");
  }
}
BOOST_AUTO_TEST_CASE(law_3_same_bits) {
  expect_found(same_seed_same_bits<Exact>(averager(Fault::seed_ignored), batch), "L3");
}
BOOST_AUTO_TEST_CASE(law_4_alone_and_in_a_batch) {
  expect_found(packed_equals_separate<Exact>(averager(Fault::leaks_between_sequences), batch, false), "L4");
}
BOOST_AUTO_TEST_CASE(law_5_causal) {
  expect_found(is_causal<Exact>(averager(Fault::looks_ahead), batch), "L5");
  expect_found(is_causal<Cpu>(averager(Fault::looks_ahead), batch), "L5");
}
BOOST_AUTO_TEST_CASE(law_6_parts) {
  expect_found(parts_equal_whole<Exact>(averager(Fault::forgets_initial_state), 5, {2}), "L6");
  expect_found(parts_equal_whole<Exact>(averager(Fault::forgets_final_state), 5, {2}), "L6");
  expect_found(parts_equal_whole<Exact>(averager(Fault::wrong_in_steps), 5, {1}), "L6");
  expect_found(steps_equal_whole<Exact>(averager(Fault::wrong_in_steps), batch), "L6");
  BOOST_TEST(parts_equal_whole<Exact>(averager(Fault::wrong_in_steps), 5, {2}).empty());
}
BOOST_AUTO_TEST_CASE(law_7_fresh) {
  expect_found(fresh_equals_zero<Exact>(averager(Fault::starts_at_one), batch), "L7");
}
BOOST_AUTO_TEST_CASE(law_8_saving) {
  const auto in_bf16 = [](Tensors<double> tensors) {
    for (Tensor<double>& tensor : tensors)
      for (double& value : tensor.values) value = static_cast<float>(bf16(static_cast<float>(value)));
    return tensors;
  };
  expect_found(survives_saving<Exact>(averager(Fault::none), batch, in_bf16), "L8");
}
BOOST_AUTO_TEST_CASE(law_9_scratch) {
  expect_found(returns_scratch<Exact>(averager(Fault::keeps_scratch), batch), "L9");
  const auto allocations = [] { return allocated.size(); };
  expect_found(returns_scratch<Exact>(averager(Fault::allocates), batch, allocations), "L9");
}
// A layer that looks at memory itself pays for it in a process of its own.
BOOST_AUTO_TEST_CASE(law_9_memory) {
  const pid_t child = fork();
  BOOST_REQUIRE(child >= 0);
  if (child == 0) {
    std::signal(SIGSEGV, SIG_DFL);
    static_cast<void>(touches_no_memory(subject(ByAddress{}, 3, 3), batch));
    _exit(0);
  }
  int status = 0;
  BOOST_REQUIRE(waitpid(child, &status, 0) == child);
  BOOST_TEST(WIFSIGNALED(status));
}
BOOST_AUTO_TEST_CASE(law_10_names) {
  expect_found(names_are_unique(averager(Fault::two_leaves_of_one_name), batch), "L10");
}
BOOST_AUTO_TEST_CASE(law_11_reference) {
  expect_found(agrees_with_reference<Cpu>(averager(Fault::imprecise), batch), "L11");
}
BOOST_AUTO_TEST_CASE(law_12_equal_passes) {
  expect_found(equal_passes<Exact>(averager(Fault::none), averager(Fault::wrong_factor), batch, same_bits), "L12");
  expect_found(equal_forward_passes<Exact>(averager(Fault::none), averager(Fault::looks_ahead), batch, same_bits), "L12");
}
BOOST_AUTO_TEST_CASE(law_14_padding) {
  expect_found(ignores_padding<Exact>(averager(Fault::reads_padding), batch), "L14");
  expect_found(packed_equals_separate<Exact>(averager(Fault::gradient_into_padding), batch), "L14");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
