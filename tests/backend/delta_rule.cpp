// The delta rule's chunked form on the Cpu against its plain loops in double.
#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/testing/laws.hpp>

#include <boost/test/unit_test.hpp>

#include <map>
#include <string>

#include "support/delta_rule_subject.hpp"

namespace rondo::testing {
namespace {

using Parts = std::map<std::string, Tensor<double>>;

// What a pass writes, the gradient of x input by input.
Parts parts_of(const DeltaRuleSubject& subject, const Outputs<double>& out) {
  Parts parts{{"o", out.y}, {"final", out.final.at(0)}};
  if (!out.d_initial.empty()) parts.emplace("d initial", out.d_initial.at(0));
  const std::pair<const char*, Index> inputs[]{
      {"dq", 0}, {"dk", subject.k()}, {"dg", subject.g()}, {"dbeta", subject.beta()}, {"dv", subject.v()}, {"end", out.dx.columns}};
  for (std::size_t i = 0; i + 1 < std::size(inputs); ++i) {
    Tensor<double> part(inputs[i].first, out.dx.rows, inputs[i + 1].second - inputs[i].second);
    for (Index t = 0; t < part.rows; ++t)
      for (Index column = 0; column < part.columns; ++column) part(t, column) = out.dx(t, inputs[i].second + column);
    if (part.columns > 0) parts.emplace(inputs[i].first, part);
  }
  return parts;
}

using Change = std::function<void(Inputs<double>&)>;
constexpr auto as_drawn = [](Inputs<double>&) {};

void agrees(const std::string& name, const DeltaRuleSubject& subject, const Batch& batch, bool states = true,
            const Change& change = as_drawn) {
  Inputs<double> in = prepare(subject, batch);
  if (!states) in.initial.reset(), in.d_final.reset();
  change(in);
  const Parts expected = parts_of(subject, run<Reference<double>>(subject, batch, in));
  const Parts found = parts_of(subject, run<Cpu>(subject, batch, in));
  // dg is a difference of sums as large as q . dq.
  double products = 0;
  for (Index t = 0; t < batch.tokens; ++t)
    for (Index h = 0; h < subject.rule.groups; ++h) {
      double product = 0;
      for (Index i = h * subject.rule.key_width; i < (h + 1) * subject.rule.key_width; ++i)
        product += std::abs(in.x(t, i) * expected.at("dq")(t, i)) + std::abs(in.x(t, subject.k() + i) * expected.at("dk")(t, i));
      products = std::max(products, product);
    }
  Findings findings;
  for (const auto& [part, values] : expected)
    compare(findings, name + ", " + part, values, found.at(part), 4e-6, part == "dg" ? products : 0);
  BOOST_TEST_MESSAGE(name << ": " << findings.worst());
  BOOST_TEST(findings.empty(), name << findings);
}

DeltaRule rule_of(Index heads, Index groups, Index decays, Index K, Index V) {
  return {heads, groups, decays, K, V, 1 / std::sqrt(static_cast<double>(K))};
}
std::string decays_text(const DeltaRule& rule) { return std::to_string(rule.decays) + " decays a head"; }

}  // namespace

BOOST_AUTO_TEST_SUITE(delta_rule)

BOOST_AUTO_TEST_CASE(lengths) {
  for (const Index decays : {0, 1, 16})
    for (const Index length : {1, 2, 3, 5, 11, 15, 16, 17, 23, 31, 32, 33, 41, 47, 48, 49, 57, 63, 64, 65, 79, 81, 95, 127, 128, 129, 193})
      for (const bool states : {false, true})
        agrees("length " + std::to_string(length), DeltaRuleSubject{rule_of(2, 2, decays, 16, 24)}, packed({length}), states);
}
BOOST_AUTO_TEST_CASE(widths) {
  for (const Index K : {1, 5, 33, 64, 128})
    for (const Index V : {1, 7, 32, 64, 100})
      for (const Index decays : {Index{0}, Index{1}, K})
        agrees(std::to_string(K) + " x " + std::to_string(V), DeltaRuleSubject{rule_of(2, 1, decays, K, V)}, packed({70}));
}
BOOST_AUTO_TEST_CASE(shared_keys) {
  for (const Index groups : {1, 2, 3, 6})
    for (const Index decays : {0, 1, 8})
      agrees(std::to_string(groups) + " groups", DeltaRuleSubject{rule_of(6, groups, decays, 8, 8)}, packed({100, 3}, 2, 1, 2));
}
BOOST_AUTO_TEST_CASE(kinds_of_decay) {
  for (const Decays kind : {Decays::none, Decays::forgetful, Decays::vanishing})
    for (const Index decays : {1, 12})
      for (const Index length : {1, 40, 130})
        agrees("decays of kind " + std::to_string(static_cast<int>(kind)), DeltaRuleSubject{rule_of(2, 1, decays, 12, 20), kind},
               packed({length}));
}
// Sequences of different lengths, one of a single token, one of none, rows that none covers before, between and after them.
BOOST_AUTO_TEST_CASE(ragged_sequences) {
  for (const Index decays : {0, 1, 16})
    for (const bool states : {false, true})
      agrees("ragged", DeltaRuleSubject{rule_of(4, 2, decays, 16, 16)}, packed({70, 1, 17, 0, 96}, 3, 2, 4), states);
}
// The same unit key again and again, written with up to 2: the errors turn their signs from token to token.
BOOST_AUTO_TEST_CASE(one_key) {
  for (const Index decays : {0, 1, 32}) {
    const DeltaRuleSubject subject{rule_of(2, 2, decays, 32, 32), Decays::none};
    agrees("one key, " + decays_text(subject.rule), subject, packed({150}), true, [&](Inputs<double>& in) {
      for (Index t = 0; t < in.x.rows; ++t) {
        for (Index i = 0; i < 64; ++i) in.x(t, subject.k() + i) = i % 32 < 4 ? 0.5 : 0;
        for (Index h = 0; h < 2; ++h) in.x(t, subject.beta() + h) = t % 3 == 0 ? 2 : t % 3 == 1 ? 1 : 0;
      }
    });
  }
}
// A decay of exactly zero lets nothing through: neither forwards nor backwards. (Gradients of log decays are differences of sums.)
BOOST_AUTO_TEST_CASE(nothing_passes_a_decay_of_zero) {
  for (const Index decays : {1, 8})
    for (const Index cut : {1, 20, 32, 64, 70}) {
      const DeltaRuleSubject subject{rule_of(2, 1, decays, 8, 12)};
      const Batch batch = packed({100});
      const auto is_decay = [&](Index column) { return column >= subject.g() && column < subject.beta(); };
      Inputs<double> in = prepare(subject, batch);
      for (Index column = subject.g(); column < subject.beta(); ++column) in.x(cut, column) = -1e30;
      in.dy.set_rows(0, Tensor<double>("none", cut, in.dy.columns));
      const Outputs<double> first = run<Cpu>(subject, batch, in);
      for (Index t = 0; t < cut; ++t)
        for (Index column = 0; column < in.x.columns; ++column)
          BOOST_REQUIRE_LE(std::abs(first.dx(t, column)), is_decay(column) ? 4e-6 * largest(first.dx) : 0.0);
      BOOST_REQUIRE_EQUAL(largest(first.d_initial), 0.0);
      for (Index t = 0; t < cut; ++t)
        for (Index column = 0; column < in.x.columns; ++column)
          if (!is_decay(column)) in.x(t, column) *= -0.75;
      const Outputs<double> second = run<Cpu>(subject, batch, in);
      for (Index t = cut; t < batch.tokens; ++t)
        for (Index column = 0; column < in.dy.columns; ++column) BOOST_REQUIRE_EQUAL(first.y(t, column), second.y(t, column));
    }
}
// Threads share heads, and columns of values where there are few: the bits are the same, however many they are.
BOOST_AUTO_TEST_CASE(threads_do_not_matter) {
#ifdef _OPENMP
  const int threads = omp_get_max_threads();
  for (const Index decays : {0, 1, 32})
    for (const DeltaRule& rule : {rule_of(8, 2, decays, 32, 32), rule_of(1, 1, decays, 32, 100)}) {
      const DeltaRuleSubject subject{rule};
      const Batch batch = packed({150, 1, 67});
      const Inputs<double> in = prepare(subject, batch);
      omp_set_num_threads(1);
      const Parts expected = parts_of(subject, run<Cpu>(subject, batch, in));
      for (const int count : {2, 3, 5, 9}) {
        omp_set_num_threads(count);
        for (const auto& [part, values] : parts_of(subject, run<Cpu>(subject, batch, in)))
          BOOST_TEST((values.values == expected.at(part).values), part << " on " << count << " threads, " << decays_text(rule));
      }
    }
  omp_set_num_threads(threads);
#endif
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::testing
