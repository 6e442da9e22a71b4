// Samplers: which tokens are drawn, and how often.
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <set>
#include <vector>

#include <rondo/generate/sampler.hpp>

#include "io/temporary_folder.hpp"
#include "support/counted_memory.hpp"

namespace rondo::test {
namespace {

// In no order: token 3 is the most probable, then 0, 5, 2, 6; 1 and 4 hardly ever.
const std::vector<double> probabilities{0.2, 0.0005, 0.1, 0.5, 0.0005, 0.149, 0.05};

template <class T = float>
std::vector<T> logits_of(const std::vector<double>& given) {
  std::vector<T> logits;
  for (const double p : given) logits.push_back(static_cast<T>(std::log(p) + 1.5));
  return logits;
}
template <class T>
View<const T> row(const std::vector<T>& logits) {
  return {logits.data(), 1, std::ssize(logits)};
}

// Shares of all tokens in many draws.
constexpr int draws = 20000;
std::map<Token, double> shares(const Sampling& sampling) {
  const std::vector<float> logits = logits_of(probabilities);
  Sampler sampler{sampling};
  std::map<Token, double> result;
  for (int i = 0; i < draws; ++i) result[sampler(row(logits))] += 1.0 / draws;
  return result;
}
std::set<Token> tokens_of(const std::map<Token, double>& found) {
  std::set<Token> tokens;
  for (const auto& [token, share] : found) tokens.insert(token);
  return tokens;
}

// Only these are drawn, with probabilities in these proportions; four standard errors and one draw are allowed.
void expect_shares(const Sampling& sampling, std::map<Token, double> weights) {
  const auto found = shares(sampling);
  double total = 0;
  for (const auto& [token, weight] : weights) total += weight;
  for (const auto& [token, share] : found) BOOST_TEST(weights.contains(token), "token " << token << " was drawn");
  for (const auto& [token, weight] : weights) {
    const double p = weight / total, share = found.contains(token) ? found.at(token) : 0;
    BOOST_TEST(std::abs(share - p) <= 4 * std::sqrt(p * (1 - p) / draws) + 1.5 / draws,
               "token " << token << ": share " << share << ", probability " << p);
  }
}

std::map<Token, double> most_probable(std::size_t count, double power = 1) {
  std::map<Token, double> result;
  for (const Token token : std::vector<Token>{3, 0, 5, 2, 6, 1, 4}) {
    if (result.size() == count) break;
    result[token] = std::pow(probabilities[static_cast<std::size_t>(token)], power);
  }
  return result;
}

BOOST_AUTO_TEST_SUITE(sampler)

BOOST_AUTO_TEST_CASE(greedy_takes_the_largest) {
  BOOST_TEST(tokens_of(shares({})) == std::set<Token>{3}, boost::test_tools::per_element());
  Sampler greedy{{}};
  const std::vector<float> ties{-1, 4, 4, 2};
  BOOST_TEST(greedy(row(ties)) == 1);  // the first of equals
  const std::vector<double> lowest{-1e300, -1e299};
  BOOST_TEST(greedy(row(lowest)) == 1);
  const std::vector<float> one{-3};
  BOOST_TEST(greedy(row(one)) == 0);
}

BOOST_AUTO_TEST_CASE(draws_follow_the_probabilities) {
  expect_shares({.temperature = 1}, most_probable(7));
}

BOOST_AUTO_TEST_CASE(temperature_is_an_exponent) {
  expect_shares({.temperature = 2}, most_probable(7, 0.5));
  expect_shares({.temperature = 0.5}, most_probable(7, 2));
  // Its limits: greedy and uniform.
  for (const double temperature : {1e-3, 1e-200, std::numeric_limits<double>::denorm_min()})
    BOOST_TEST(tokens_of(shares({.temperature = temperature})) == std::set<Token>{3}, boost::test_tools::per_element());
  expect_shares({.temperature = 1e9}, most_probable(7, 0));
}

BOOST_AUTO_TEST_CASE(top_k_takes_the_most_probable) {
  for (const std::size_t k : {1U, 2U, 4U}) expect_shares({.temperature = 1, .top_k = static_cast<Index>(k)}, most_probable(k));
  expect_shares({.temperature = 1, .top_k = 1000}, most_probable(7));
  expect_shares({.temperature = 2, .top_k = 3}, most_probable(3, 0.5));
}

// Sums: 0.5, 0.7, 0.849, 0.949, 0.999.
BOOST_AUTO_TEST_CASE(top_p_takes_the_smallest_set_that_reaches_it) {
  for (const auto& [p, count] :
       std::map<double, std::size_t>{{1e-9, 1}, {0.49, 1}, {0.51, 2}, {0.69, 2}, {0.71, 3}, {0.9, 4}, {0.95, 5}})
    expect_shares({.temperature = 1, .top_p = p}, most_probable(count));
  expect_shares({.temperature = 1, .top_p = 1}, most_probable(7));
  // Of the probabilities at this temperature: 0.78, 0.90, ...
  expect_shares({.temperature = 0.5, .top_p = 0.75}, most_probable(1, 2));
  // Just reached is reached.
  const std::vector<float> halves{0, 0};
  Sampler sampler{{.temperature = 1, .top_p = 0.5}};
  for (int i = 0; i < 100; ++i) BOOST_TEST(sampler(row(halves)) == 0);
}

// Relative to the largest: 1, 0.4, 0.298, 0.2, 0.1, 0.001.
BOOST_AUTO_TEST_CASE(min_p_takes_those_near_the_largest) {
  for (const auto& [p, count] :
       std::map<double, std::size_t>{{1, 1}, {0.5, 1}, {0.39, 2}, {0.29, 3}, {0.19, 4}, {0.09, 5}, {0.0009, 7}})
    expect_shares({.temperature = 1, .min_p = p}, most_probable(count));
  const std::vector<float> equal{2, 2, -5};
  Sampler sampler{{.temperature = 1, .min_p = 1}};
  std::set<Token> seen;
  for (int i = 0; i < 100; ++i) seen.insert(sampler(row(equal)));
  BOOST_TEST(seen == (std::set<Token>{0, 1}), boost::test_tools::per_element());
}

// Each acts on what the one before has left, renormalised.
BOOST_AUTO_TEST_CASE(restrictions_act_in_turn) {
  // Of the first three: 0.589, 0.824; with the others in, 0.82 would be reached by three.
  expect_shares({.temperature = 1, .top_k = 3, .top_p = 0.82}, most_probable(2));
  expect_shares({.temperature = 1, .top_k = 3, .top_p = 0.83}, most_probable(3));
  expect_shares({.temperature = 1, .top_k = 4, .top_p = 0.99, .min_p = 0.25}, most_probable(3));
  expect_shares({.temperature = 1, .top_k = 1, .top_p = 0.99}, most_probable(1));
  expect_shares({.temperature = 1, .top_p = 0.6, .min_p = 0.45}, most_probable(1));
}

BOOST_AUTO_TEST_CASE(the_same_seed_gives_the_same_text) {
  const std::vector<float> logits = logits_of(probabilities);
  const std::vector<double> wide = logits_of<double>(probabilities);
  const auto text = [](const auto& given, Seed seed) {
    Sampler sampler{{.temperature = 1, .seed = seed}};
    std::vector<Token> tokens;
    for (int i = 0; i < 200; ++i) tokens.push_back(sampler(row(given)));
    return tokens;
  };
  BOOST_TEST((text(logits, Seed{1}) == text(logits, Seed{1})));
  BOOST_TEST((text(logits, Seed{1}) == text(wide, Seed{1})));
  BOOST_TEST((text(logits, Seed{1}) != text(logits, Seed{2})));
}

BOOST_AUTO_TEST_CASE(texts_of_one_seed_share_no_draws) {
  const std::vector<float> logits = logits_of(probabilities);
  const auto text = [&](Index number) {
    Sampler sampler{{.temperature = 1, .seed = Seed{3}, .number = number}};
    std::vector<Token> tokens;
    for (int i = 0; i < 50; ++i) tokens.push_back(sampler(row(logits)));
    return tokens;
  };
  BOOST_TEST((text(0) != text(1)));
  BOOST_TEST((text(1) != text(2)));
  BOOST_TEST((text(2) == text(2)));
}

// Of what was read: 3 and 4, whose logits are above and below zero; often is as once.
BOOST_AUTO_TEST_CASE(a_penalty_makes_repetition_less_probable) {
  const std::vector<float> logits = logits_of(probabilities);
  for (const double penalty : {1.0, 1.3, 5.0, 0.5}) {
    std::vector<double> changed(logits.begin(), logits.end());
    BOOST_TEST_REQUIRE(changed[3] > 0);
    BOOST_TEST_REQUIRE(changed[4] < 0);
    changed[3] /= penalty;
    changed[4] *= penalty;
    Sampler found{{.temperature = 0.8, .top_p = 0.9999, .repetition_penalty = penalty}}, expected{{.temperature = 0.8, .top_p = 0.9999}};
    const std::vector<Token> text{3, 4, 3, 3};
    found.read(std::span(text).first(1));
    found.read(text);
    for (int i = 0; i < 2000; ++i) BOOST_TEST_REQUIRE(found(row(logits)) == expected(row(changed)));
  }
  const std::vector<float> few{1, 2, 1.5F};
  Sampler greedy{{.repetition_penalty = 2}};
  BOOST_TEST(greedy(row(few)) == 1);
  greedy.read(std::vector<Token>{1});
  BOOST_TEST(greedy(row(few)) == 2);
}

// The same by sorting the whole vocabulary.
class SortedSampler {
 public:
  explicit SortedSampler(const Sampling& sampling) : sampling_(sampling) {}
  Token operator()(const std::vector<float>& z) {
    std::vector<Token> order(z.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](Token a, Token b) { return z[index(a)] > z[index(b)]; });
    std::vector<double> p;
    for (const Token token : order) p.push_back(std::exp((double{z[index(token)]} - double{z[index(order[0])]}) / sampling_.temperature));
    std::size_t kept = order.size();
    if (sampling_.top_k > 0) kept = std::min(kept, static_cast<std::size_t>(sampling_.top_k));
    const auto mass = [&] { return std::accumulate(p.begin(), p.begin() + static_cast<Index>(kept), 0.0); };
    if (sampling_.top_p < 1) {
      const double enough = sampling_.top_p * mass();
      double sum = 0;
      for (kept = 0; sum < enough; ++kept) sum += p[kept];
    }
    while (kept > 1 && p[kept - 1] < sampling_.min_p) --kept;
    double target = uniform_number(key_of(sampling_.seed, "sampler"), drawn_++) * mass();
    for (std::size_t i = 0; i < kept; ++i)
      if ((target -= p[i]) < 0) return order[i];
    return order[kept - 1];
  }

 private:
  static std::size_t index(Token token) { return static_cast<std::size_t>(token); }
  Sampling sampling_;
  std::uint64_t drawn_ = 0;
};

// Logits of many forms: normal, peaked, flat, of few values, falling, all but one the same.
std::vector<std::vector<float>> forms_of(std::size_t count) {
  std::vector<std::vector<float>> forms(6, std::vector<float>(count));
  const RandomKey key = key_of(Seed{5}, "logits");
  for (std::size_t i = 0; i < count; ++i) {
    const double n = normal_number(key, i);
    forms[0][i] = static_cast<float>(3 * n);
    forms[1][i] = static_cast<float>(n + (below(key, count + i, 40) == 0 ? 12 : 0));
    forms[2][i] = static_cast<float>(1e-3 * n);
    forms[3][i] = static_cast<float>(static_cast<int>(n));
    forms[4][i] = static_cast<float>(-0.01 * static_cast<double>(i));
    forms[5][i] = i == count / 2 ? 1.5F : -1.5F;
  }
  return forms;
}

BOOST_AUTO_TEST_CASE(draws_are_those_of_a_sorted_vocabulary) {
  for (const std::size_t count : {1U, 2U, 63U, 64U, 65U, 129U, 1000U, 4099U})
    for (const auto& logits : forms_of(count))
      for (const Sampling& sampling :
           {Sampling{.temperature = 1}, {.temperature = 0.1}, {.temperature = 1e-200}, {.temperature = 1e9}, {.temperature = 0.8, .top_k = 1},
            {.temperature = 0.8, .top_k = 40}, {.temperature = 2, .top_k = 900}, {.temperature = 0.8, .top_p = 0.9},
            {.temperature = 3, .top_p = 0.5}, {.temperature = 0.7, .min_p = 0.05}, {.temperature = 1, .top_k = 500, .top_p = 0.95, .min_p = 0.02}}) {
        Sampler found{sampling};
        SortedSampler expected{sampling};
        for (int i = 0; i < 12; ++i) {
          const Token token = found(row(logits)), right = expected(logits);
          BOOST_REQUIRE_MESSAGE(token == right, count << " tokens, draw " << i << " at " << sampling.temperature << ", " << sampling.top_k << ", "
                                                      << sampling.top_p << ", " << sampling.min_p << ": " << token << ", not " << right);
        }
      }
}

BOOST_AUTO_TEST_CASE(a_warm_draw_allocates_nothing, *needs_counted_memory()) {
  const auto forms = forms_of(5000);
  for (const Sampling& sampling : {Sampling{}, {.temperature = 1}, {.temperature = 1, .top_k = 2000, .top_p = 0.9, .min_p = 0.01}}) {
    Sampler sampler{sampling};
    sampler(row(forms[0]));
    const auto before = allocation_count();
    for (const auto& logits : forms) sampler(row(logits));
    BOOST_TEST(allocation_count() == before);
  }
}

BOOST_AUTO_TEST_CASE(settings_out_of_range_are_named) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto message = [](const Sampling& sampling) { return message_of([&] { Sampler{sampling}; }); };
  BOOST_TEST(message({.temperature = -0.1}) == "sampling: temperature must not be negative, found -0.1");
  BOOST_TEST(message({.top_k = -1}) == "sampling: top-k must not be negative, found -1");
  for (const double p : {0.0, -1.0, 1.5}) BOOST_TEST(has(message({.top_p = p}), "sampling: top-p must be in (0, 1], found "));
  for (const double p : {-0.5, 1.01}) BOOST_TEST(has(message({.min_p = p}), "sampling: min-p must be in [0, 1], found "));
  for (const double penalty : {0.0, -1.0, nan, std::numeric_limits<double>::infinity()})
    BOOST_TEST(has(message({.repetition_penalty = penalty}), "sampling: repetition penalty must be positive"));
  BOOST_TEST(has(message({.temperature = nan}), "sampling: temperature"));
  BOOST_TEST(has(message({.top_p = nan}), "sampling: top-p"));
  BOOST_TEST(has(message({.min_p = nan}), "sampling: min-p"));
  BOOST_TEST(message({.temperature = 0, .top_k = 0, .top_p = 1, .min_p = 1}) == "no error");
}

BOOST_AUTO_TEST_CASE(logits_that_are_not_finite_are_named) {
  for (const double temperature : {0.0, 0.8})
    for (const float wrong : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                              -std::numeric_limits<float>::infinity()}) {
      std::vector<float> logits = logits_of(probabilities);
      logits[5] = wrong;
      Sampler sampler{{.temperature = temperature}};
      BOOST_TEST(message_of([&] { sampler(row(logits)); }) == "sampling: logit 5 is not finite");
    }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
