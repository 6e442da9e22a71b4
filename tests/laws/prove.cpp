// prove() finds what is wrong with a gate of one's own, and nothing where nothing is.
#include <boost/test/unit_test.hpp>

#include <rondo/mixer/hgrn1.hpp>
#include <rondo/testing/prove.hpp>

namespace rondo::testing {

BOOST_AUTO_TEST_SUITE(prove_a_gate)

// `thousandths`: of error in the derivative of the write strength.
template <int thousandths>
struct SquaredForget {
  using Shared = NothingShared;
  template <class T>
  static GateOutput<T> apply(T f, T) {
    return {T(2) * log_sigmoid(f), sigmoid(-f) * (T(1) + sigmoid(f))};
  }
  template <class T>
  static GateGradient<T> backward(T f, T, T d_log_decay, T d_write) {
    const T s = sigmoid(f), error = T(1) + T(thousandths) / T(1000);
    return {T(2) * sigmoid(-f) * (d_log_decay - error * d_write * s * s), T(0)};
  }
};

const Shape shape{.width = 6, .depth = 2};

BOOST_AUTO_TEST_CASE(right) {
  const Findings findings = prove(subject<Hgrn1Mixer<SquaredForget<0>>>(shape));
  BOOST_TEST(findings.empty(), findings);
}
BOOST_AUTO_TEST_CASE(wrong) {
  const Findings findings = prove(subject<Hgrn1Mixer<SquaredForget<1>>>(shape));
  BOOST_REQUIRE(!findings.empty());
  bool forget = false;
  for (const Finding& finding : findings) {
    BOOST_TEST(finding.law == "L1 gradient");
    forget = forget || finding.place.substr(0, 13) == "forget.weight";
  }
  BOOST_TEST(forget, findings);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
