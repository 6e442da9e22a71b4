// What every model's scorer is put through: its numbers are those of a plain log-softmax of each text's logits alone.
#pragma once

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <limits>
#include <numeric>
#include <string>

#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/evaluate/scorer.hpp>

#include "evaluate/random_weights.hpp"
#include "io/temporary_folder.hpp"

namespace rondo::test {

using Texts = std::vector<std::vector<Token>>;

inline Texts texts_of(std::initializer_list<Index> lengths, Index vocabulary) {
  Texts texts;
  std::uint64_t drawn = 0;
  for (const Index length : lengths) {
    auto& text = texts.emplace_back();
    for (Index i = 0; i < length; ++i)
      text.push_back(static_cast<Token>(below(RandomKey{7}, drawn++, static_cast<std::uint64_t>(vocabulary))));
  }
  return texts;
}

struct Scores {
  std::vector<std::vector<float>> values;
  Index progress = 0, passes = 0;
};
inline Scores scores_of(TextScorer& scorer, const Texts& texts) {
  Scores scores;
  std::vector<int> visits(texts.size());
  scores.values.resize(texts.size());
  scorer.each(
      texts,
      [&](std::size_t text, std::span<const float> values) {
        ++visits.at(text);
        scores.values[text].assign(values.begin(), values.end());
      },
      [&](Index tokens) {
        BOOST_TEST(tokens >= scores.progress);
        scores.progress = tokens;
        ++scores.passes;
      });
  for (std::size_t i = 0; i < texts.size(); ++i) {
    BOOST_TEST(visits[i] <= 1);
    BOOST_TEST(std::ssize(scores.values[i]) == std::max<Index>(std::ssize(texts[i]) - 1, 0));
  }
  return scores;
}

inline double largest_difference(const Scores& a, const std::vector<std::vector<double>>& b) {
  BOOST_TEST_REQUIRE(a.values.size() == b.size());
  double largest = 0;
  for (std::size_t i = 0; i < b.size(); ++i) {
    BOOST_TEST_REQUIRE(a.values[i].size() == b[i].size());
    for (std::size_t t = 0; t < b[i].size(); ++t)
      largest = std::max(largest, std::abs(static_cast<double>(a.values[i][t]) - b[i][t]));
  }
  return largest;
}

// What follows token t of each text, from the log-softmax of that text alone.
template <class Backend, class Model>
std::vector<std::vector<double>> expected_scores(const Model& model, const Parameters<Model, Backend>& weights,
                                                 const Texts& texts, double soft_cap = 0) {
  std::vector<std::vector<double>> expected;
  for (const auto& text : texts) {
    const auto rows = log_softmax_of(model, weights, text, soft_cap);
    auto& one = expected.emplace_back();
    for (std::size_t t = 0; t + 1 < text.size(); ++t) one.push_back(rows[t][static_cast<std::size_t>(text[t + 1])]);
  }
  return expected;
}

template <class Model>
void expect_scores(const Shape& shape) {
  const Model model{shape};
  // Together beyond a block of 512 rows of logits; alone beyond the chunks of recurrences.
  const Texts texts = texts_of({3, 0, 131, 1, 63, 2, 65, 17, 0, 257, 7, 1, 33}, shape.vocabulary);
  const Index all = 580;
  const auto exact = random_weights<Reference<double>>(model);
  const auto expected = expected_scores(model, exact, texts);
  // The numbers are worth comparing: some tokens likely, others not.
  const auto [least, most] = std::minmax_element(expected[9].begin(), expected[9].end());
  BOOST_TEST(*most - *least > 2);

  for (const Index batch_tokens : {1, 100, 4096}) {
    BOOST_TEST_CONTEXT("batches of " << batch_tokens << " tokens") {
      {
        Scorer<Model, Reference<double>> scorer{model, exact, batch_tokens};
        const Scores scores = scores_of(scorer, texts);
        BOOST_TEST(largest_difference(scores, expected) < 2e-6);  // rounding to float32
        BOOST_TEST(scores.progress == all);
        BOOST_TEST((batch_tokens == 4096 ? scores.passes == 1 : scores.passes > 3));
      }
      {
        const auto weights = random_weights<Cpu>(model);
        Scorer<Model, Cpu> scorer{model, weights, batch_tokens};
        const Scores scores = scores_of(scorer, texts);
        BOOST_TEST(largest_difference(scores, expected_scores(model, weights, texts)) < 2e-5);
        BOOST_TEST(largest_difference(scores, expected) < 2e-4);
        const std::vector<float> sums = scorer.sums(texts);
        for (std::size_t i = 0; i < texts.size(); ++i)
          BOOST_TEST(sums[i] == std::accumulate(scores.values[i].begin(), scores.values[i].end(), 0.0F));
        BOOST_TEST(sums[1] == 0.0F);
        BOOST_TEST(sums[3] == 0.0F);
      }
      {
        const auto weights = random_weights<Cpu, bf16>(model);
        Scorer<Model, Cpu, bf16> scorer{model, weights, batch_tokens};
        BOOST_TEST(largest_difference(scores_of(scorer, texts), expected) < 2e-4);
      }
    }
  }
  const auto capped = expected_scores(model, exact, texts, 1.5);
  BOOST_TEST(std::abs(capped[2][5] - expected[2][5]) > 1e-3);
  Shape capped_shape = shape;
  capped_shape.logit_soft_cap = 1.5;
  const Model capped_model{capped_shape};
  const auto same = random_weights<Reference<double>>(capped_model);
  Scorer<Model, Reference<double>> scorer{capped_model, same};
  BOOST_TEST(largest_difference(scores_of(scorer, texts), capped) < 2e-6);
}

// What else is in the pass, and in which order it was given, changes no bit of a text's numbers in Reference.
template <class Model>
void expect_independent_texts(const Shape& shape) {
  const Model model{shape};
  const auto weights = random_weights<Reference<double>>(model);
  Scorer<Model, Reference<double>> scorer{model, weights};
  const Texts texts = texts_of({9, 30, 1, 9, 17}, shape.vocabulary);
  const Scores together = scores_of(scorer, texts);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const Texts alone{texts[i]};
    BOOST_TEST((scores_of(scorer, alone).values[0] == together.values[i]));
    Texts among = texts_of({40, 2, 9, 9, 9}, shape.vocabulary);
    among.insert(among.begin() + 2, texts[i]);
    BOOST_TEST((scores_of(scorer, among).values[2] == together.values[i]));
  }
}

// Texts that begin alike at several depths: some are the same, some the beginning of others; most tokens are scored.
inline std::vector<ScoredText> branching_texts(Index vocabulary) {
  std::uint64_t drawn = 0;
  const auto draw = [&](std::uint64_t bound) { return below(RandomKey{11}, drawn++, bound); };
  const auto grown = [&](std::vector<Token> text, std::uint64_t tokens) {
    for (std::uint64_t i = 0; i < tokens; ++i) text.push_back(static_cast<Token>(draw(static_cast<std::uint64_t>(vocabulary))));
    return text;
  };
  std::vector<std::vector<Token>> ids{{}, {3}, grown({}, 131)};
  for (int a = 0; a < 3; ++a) {
    const auto trunk = grown({1}, 20);
    ids.push_back(trunk);
    for (int b = 0; b < 4; ++b) {
      const auto branch = grown(trunk, 5 + draw(30));
      for (int c = 0; c < 5; ++c) ids.push_back(grown(branch, 1 + draw(4)));
      ids.push_back(ids.back());
    }
  }
  std::vector<ScoredText> texts;
  for (auto& text : ids) {
    std::vector<std::uint8_t> scored(text.size());
    for (std::size_t t = 1; t < scored.size(); ++t) scored[t] = draw(3) > 0;
    texts.push_back({std::move(text), std::move(scored)});
  }
  std::reverse(texts.begin() + 5, texts.end());
  return texts;
}

// What texts share is computed once, and the numbers are those of each alone.
template <class Model>
void expect_shared_prefixes(const Shape& shape) {
  const Model model{shape};
  const std::vector<ScoredText> texts = branching_texts(shape.vocabulary);
  Texts ids;
  Index all = 0;
  for (const ScoredText& text : texts) ids.push_back(text.ids), all += std::ssize(text.ids);
  const auto exact = random_weights<Reference<double>>(model);
  const auto rounded = random_weights<Cpu>(model);
  const auto expected = expected_scores(model, exact, ids);
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const auto differs = [&](TextScorer& scorer, const SharingOptions& options, Index batch_tokens) {
    Index done = 0, of = 0;
    const TokenScores scores = scorer.token_scores(texts, options, [&](Index now, Index total) {
      BOOST_TEST(now > done);
      BOOST_TEST(now - done <= std::max<Index>(batch_tokens, 131));
      done = now, of = total;
    });
    BOOST_TEST(done == of);
    BOOST_TEST(of == PrefixTree(texts, options.branch_cost).computed());
    if (options.branch_cost == infinity)
      BOOST_TEST(of > 3 * all / 4);  // equal texts alone are one
    else
      BOOST_TEST(of < all / 2);
    double largest = 0;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      BOOST_TEST_REQUIRE(scores.of(i).size() == texts[i].ids.size());
      for (std::size_t t = 0; t < texts[i].ids.size(); ++t) {
        const double found = double{scores.of(i)[t]};
        if (texts[i].scored[t] == 0) BOOST_TEST(found == 0);
        else largest = std::max(largest, std::abs(found - expected[i][t - 1]));
        for (std::size_t j = 0; j < i; ++j)
          if (texts[j].ids == texts[i].ids && texts[j].scored[t] != 0 && texts[i].scored[t] != 0)
            BOOST_TEST(double{scores.of(j)[t]} == found);
      }
    }
    return largest;
  };
  for (const Index batch_tokens : {1, 100, 4096})
    for (const double branch_cost : {0.0, 2.0, infinity})
      for (const std::size_t state_bytes : {std::size_t{1}, std::size_t{256} << 20}) {
        BOOST_TEST_CONTEXT("batches of " << batch_tokens << ", branches cost " << branch_cost << ", states " << state_bytes) {
          const SharingOptions options{.branch_cost = branch_cost, .state_bytes = state_bytes};
          Scorer<Model, Reference<double>> plain{model, exact, batch_tokens};
          BOOST_TEST(differs(plain, options, batch_tokens) < 2e-6);
          Scorer<Model, Cpu> fast{model, rounded, batch_tokens};
          BOOST_TEST(differs(fast, options, batch_tokens) < 2e-4);
        }
      }
}

// Temperatures of one pass are those of a log-softmax of divided logits, a soft cap included.
template <class Model>
void expect_temperatures(Shape shape) {
  shape.logit_soft_cap = 1.5;
  const Model model{shape};
  const auto weights = random_weights<Reference<double>>(model);
  Scorer<Model, Reference<double>> scorer{model, weights};
  const std::vector<ScoredText> texts = branching_texts(shape.vocabulary);
  const std::vector<double> temperatures{0.5, 1, 2.25};
  const TokenScores scores = scorer.token_scores(texts, {.temperatures = temperatures});
  for (const std::size_t number : {std::size_t{2}, texts.size() - 1}) {
    const ScoredText& text = texts[number];
    const auto rows = log_softmax_of(model, weights, text.ids, 0);  // already capped
    for (std::size_t k = 0; k < temperatures.size(); ++k)
      for (std::size_t t = 1; t < text.ids.size(); ++t) {
        double sum = 0;
        for (const double z : rows[t - 1]) sum += std::exp(z / temperatures[k]);
        const double expected = rows[t - 1][static_cast<std::size_t>(text.ids[t])] / temperatures[k] - std::log(sum);
        if (text.scored[t] != 0) BOOST_TEST(std::abs(double{scores.of(number, k)[t]} - expected) < 2e-6);
      }
  }
  BOOST_TEST(message_of([&] { (void)scorer.token_scores(texts, {.temperatures = {0.0}}); }) ==
             "scorer: a temperature must be more than 0, found 0");
}

template <class Model>
void expect_refused_ids(const Shape& shape) {
  const Model model{shape};
  const auto weights = random_weights<Cpu>(model);
  Scorer<Model, Cpu> scorer{model, weights};
  const auto last = static_cast<Token>(shape.vocabulary - 1);
  const std::string vocabulary = std::to_string(shape.vocabulary);
  BOOST_TEST(message_of([&] {
               (void)scorer.sums(Texts{{1, 2}, {0, last, static_cast<Token>(last + 1)}});
             }) == "text 1: token id " + vocabulary + " is outside the vocabulary of " + vocabulary);
  BOOST_TEST(message_of([&] {
               (void)scorer.sums(Texts{{1, 2}, {}, {-1}});
             }) == "text 2: token id -1 is outside the vocabulary of " + vocabulary);
  BOOST_TEST(message_of([&] { Scorer<Model, Cpu>(model, weights, 0); }) == "scorer: a pass must have at least 1 token, found 0");
  // And goes on.
  const Texts good{{0, last, 3}};
  BOOST_TEST(largest_difference(scores_of(scorer, good), expected_scores(model, weights, good)) < 2e-5);
  BOOST_TEST(scorer.sums(Texts{}).empty());
  BOOST_TEST((scorer.sums(Texts{{}, {5}}) == std::vector<float>{0, 0}));
}

}  // namespace rondo::test
