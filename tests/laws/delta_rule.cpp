// The laws for the delta rule by itself, with every number of decays, and what follows from its equations alone.
#include "every_back_end.hpp"

#include <functional>

#include "support/delta_rule_subject.hpp"

namespace rondo::testing {
namespace {

void expect_delta_rule_laws(const std::string& name, const DeltaRule& rule) {
  expect_laws("DeltaRule, " + name, [&](const Shape&) { return DeltaRuleSubject{rule}; }, Shape{});
}

Tensor<double> output_of(const DeltaRule& rule, Index length, const std::function<void(Inputs<double>&, const DeltaRuleSubject&)>& change) {
  const DeltaRuleSubject subject{rule};
  const Batch batch = packed({length});
  Inputs<double> in = prepare(subject, batch);
  change(in, subject);
  return run_forward<Reference<double>>(subject, batch, in).y;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(delta_rule)

BOOST_AUTO_TEST_CASE(no_decay) { expect_delta_rule_laws("no decay", {.heads = 2, .groups = 2, .key_width = 3, .value_width = 5}); }
BOOST_AUTO_TEST_CASE(a_decay_a_head) {
  expect_delta_rule_laws("a decay a head", {.heads = 4, .groups = 2, .decays = 1, .key_width = 5, .value_width = 3, .scale = 0.5});
}
BOOST_AUTO_TEST_CASE(a_decay_a_channel) {
  expect_delta_rule_laws("a decay a channel", {.heads = 3, .groups = 1, .decays = 4, .key_width = 4, .value_width = 6, .scale = 0.5});
}

// With a unit key and beta = 1 the key reads, right after, what it was written with: whatever came before.
BOOST_AUTO_TEST_CASE(a_whole_write_is_read_back) {
  for (const Index decays : {0, 1, 4}) {
    const DeltaRule rule{.heads = 2, .groups = 2, .decays = decays, .key_width = 4, .value_width = 3, .scale = 0.25};
    Tensor<double> expected("values", 9, 6);
    const Tensor<double> found = output_of(rule, 9, [&](Inputs<double>& in, const DeltaRuleSubject& at) {
      for (Index t = 0; t < 9; ++t)
        for (Index h = 0; h < 2; ++h) {
          double squares = 0;
          for (Index i = 0; i < 4; ++i) squares += in.x(t, at.k() + 4 * h + i) * in.x(t, at.k() + 4 * h + i);
          for (Index i = 0; i < 4; ++i) in.x(t, 4 * h + i) = in.x(t, at.k() + 4 * h + i) /= std::sqrt(squares);
          in.x(t, at.beta() + h) = 1;
          for (Index j = 0; j < 3; ++j) expected(t, 3 * h + j) = 0.25 * in.x(t, at.v() + 3 * h + j);
        }
    });
    Findings findings;
    compare(findings, "read back", expected, found, 1e-14);
    expect_none(findings, "DeltaRule with " + std::to_string(decays) + " decays reads what it wrote");
  }
}
// One decay a head is a decay of 1 where it is exp(0), and all channels' where they are equal.
BOOST_AUTO_TEST_CASE(kinds_of_decay_agree) {
  const DeltaRule none{.heads = 2, .groups = 2, .decays = 0, .key_width = 3, .value_width = 4};
  DeltaRule head = none, channel = none;
  head.decays = 1, channel.decays = 3;
  const auto with = [](const DeltaRule& from, const DeltaRule& rule, double log_decay) {
    const Inputs<double> given = prepare(DeltaRuleSubject{from}, packed({11}));
    return output_of(rule, 11, [&, log_decay](Inputs<double>& in, const DeltaRuleSubject& to) {
      for (Index t = 0; t < 11; ++t) {
        for (Index i = 0; i < to.g(); ++i) in.x(t, i) = given.x(t, i);
        for (Index i = to.g(); i < to.beta(); ++i) in.x(t, i) = log_decay * static_cast<double>(t % 3);
        for (Index i = 0; to.beta() + i < in.x.columns; ++i) in.x(t, to.beta() + i) = given.x(t, DeltaRuleSubject{from}.beta() + i);
      }
      in.initial.reset();
    });
  };
  Findings findings;
  compare(findings, "no decay", with(none, none, 0), with(none, head, 0), 1e-15);
  compare(findings, "equal decays", with(none, head, -0.3), with(none, channel, -0.3), 1e-15);
  expect_none(findings, "DeltaRule's kinds of decay");
}
// Nothing is written where beta = 0: only the initial state is left, decayed.
BOOST_AUTO_TEST_CASE(without_writes_states_decay) {
  const DeltaRule rule{.heads = 1, .decays = 1, .key_width = 2, .value_width = 2};
  Tensor<double> expected("decayed", 3, 2);
  const Tensor<double> found = output_of(rule, 3, [&](Inputs<double>& in, const DeltaRuleSubject& at) {
    double decay = 1;
    in.initial = Tensors<double>{Tensor<double>("initial memory", 1, 4)};
    for (Index i = 0; i < 4; ++i) (*in.initial)[0](0, i) = static_cast<double>(i + 1);
    for (Index t = 0; t < 3; ++t) {
      in.x(t, at.beta()) = 0;
      decay *= std::exp(in.x(t, at.g()));
      for (Index j = 0; j < 2; ++j)
        for (Index i = 0; i < 2; ++i) expected(t, j) += decay * in.x(t, i) * static_cast<double>(2 * i + j + 1);
    }
  });
  Findings findings;
  compare(findings, "decayed", expected, found, 1e-15);
  expect_none(findings, "DeltaRule without writes");
}
BOOST_AUTO_TEST_CASE(wrong_sizes_are_named) {
  const std::vector<Sequence> sequences{{0, 2, 0}};
  const auto message = [&](const DeltaRule& rule) -> std::string {
    TraceContext c;
    c.begin(sequences, 2);
    try {
      c.recurrence(rule, {}, {}, {});
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  };
  BOOST_TEST(message({.heads = 3, .groups = 2, .key_width = 4}) == "delta rule: 3 heads do not divide among 2 groups");
  BOOST_TEST(message({.heads = 2, .decays = 2, .key_width = 4}) == "delta rule: 2 decays a head, expected 0, 1 or 4");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
