// Held-out loss: which token is predicted from what, and the figures made of it, with a scorer whose numbers are known.
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <map>
#include <numeric>

#include <rondo/core/random.hpp>
#include <rondo/evaluate/held_out_windows.hpp>

#include "evaluate/known_scorer.hpp"
#include "io/temporary_folder.hpp"

namespace rondo::test {
namespace {

using Documents = std::vector<std::vector<Token>>;

// Tokens count up from 0 through all documents, so that each names its place. None is the token that begins texts.
constexpr Token begin_of_text = 1'000'000;
Documents documents_of(std::initializer_list<Index> lengths) {
  Documents documents;
  Token next = 0;
  for (const Index length : lengths) {
    documents.emplace_back(static_cast<std::size_t>(length));
    std::iota(documents.back().begin(), documents.back().end(), next);
    next += static_cast<Token>(length);
  }
  return documents;
}

// Eighths, so that sums are exact: more for a larger token, less for one with more before it.
float known(const TextScorer::Text& text, std::size_t t) {
  return -(0.5F + 0.125F * static_cast<float>(text[t] % 29) + 2.0F / static_cast<float>(t < 2 ? 1 : t < 4 ? 2 : 4));
}

NextText texts_from(const Documents& documents, double bytes_a_token) {
  return [&documents, bytes_a_token, next = std::size_t{0}](std::vector<Token>& text) mutable {
    BOOST_TEST(text.empty());
    if (next == documents.size()) return -1.0;
    text = documents[next++];
    return bytes_a_token * static_cast<double>(text.size());
  };
}

struct Prediction {
  int times = 0;
  std::vector<Token> before;
};
std::map<Token, Prediction> predictions(const KnownScorer& scorer) {
  std::map<Token, Prediction> result;
  for (const auto& text : scorer.asked)
    for (std::size_t t = 1; t < text.size(); ++t) {
      ++result[text[t]].times;
      result[text[t]].before.assign(text.begin(), text.begin() + static_cast<Index>(t));
    }
  return result;
}

BOOST_AUTO_TEST_SUITE(held_out_loss_of_texts)

// Token t of a document (the one that begins texts counted, if there is one) is predicted from the last 1 + (t - 1) % window
// tokens before it: a window's tokens are predicted from one another and from the last of the window before.
BOOST_AUTO_TEST_CASE(every_token_is_predicted_once_from_its_own_document) {
  for (const Index window : {1, 2, 4, 5, 100})
    for (const Token first : {Token{-1}, begin_of_text}) {
      BOOST_TEST_CONTEXT("window " << window << (first < 0 ? ", no token" : ", a token") << " begins texts") {
        // Shorter than the window, one less, just so, one more, several windows, none and one token.
        const Documents documents = documents_of({3, 4, 5, 6, 23, 0, 1, 8, 9, 10, 11});
        KnownScorer scorer{known};
        const HeldOutLoss loss = held_out_loss(scorer, texts_from(documents, 1), window, first);
        auto found = predictions(scorer);
        Index all = 0;
        for (auto document : documents) {
          if (first >= 0) document.insert(document.begin(), first);
          for (std::size_t t = 1; t < document.size(); ++t, ++all) {
            const Prediction& one = found[document[t]];
            BOOST_TEST(one.times == 1);
            const auto before = static_cast<Index>(1 + (t - 1) % static_cast<std::size_t>(window));
            const auto end = document.begin() + static_cast<Index>(t);
            BOOST_TEST(one.before == std::vector<Token>(end - before, end), boost::test_tools::per_element());
          }
        }
        BOOST_TEST(found.size() == static_cast<std::size_t>(all));  // and no other is
        BOOST_TEST(loss.tokens == all);
        BOOST_TEST(loss.tokens == (first < 0 ? 70 : 80));
        BOOST_TEST(loss.documents == 11);
        BOOST_TEST(loss.bytes == 80.0);
      }
    }
}

BOOST_AUTO_TEST_CASE(figures_are_those_of_their_formulas) {
  // Windows of 2: [0 1 2] [2 3 4] [4 5], [6], [7 8 9].
  const Documents documents = documents_of({6, 1, 3});
  KnownScorer scorer{known};
  std::vector<Index> progress;
  const HeldOutLoss loss =
      held_out_loss(scorer, texts_from(documents, 2.5), 2, -1, [&](Index done) { progress.push_back(done); });
  // 0.5 + id / 8 and 2 for the first of a window, 1 for the second.
  const double first = 5 * 0.5 + (1 + 2 + 3 + 4 + 5) / 8.0 + (2 + 1 + 2 + 1 + 2), third = 2 * 0.5 + (8 + 9) / 8.0 + (2 + 1);
  BOOST_TEST(loss.tokens == 7);
  BOOST_TEST(loss.documents == 3);
  BOOST_TEST(loss.loss == (first + third) / 7, boost::test_tools::tolerance(1e-15));
  const double a = first - loss.loss * 5, b = third - loss.loss * 2;
  BOOST_TEST(std::abs(a) > 0.1);
  // The document of one token predicts nothing: two units.
  BOOST_TEST(loss.units == 2);
  BOOST_TEST(loss.standard_error == std::sqrt(2 * (a * a + b * b)) / 7, boost::test_tools::tolerance(1e-14));
  BOOST_TEST(loss.error_text() == "standard error over 2 documents");
  BOOST_TEST(loss.perplexity() == std::exp((first + third) / 7), boost::test_tools::tolerance(1e-14));
  BOOST_TEST(loss.bytes == 25.0);
  BOOST_TEST(loss.bits_per_byte() == (first + third) / std::log(2.0) / 25, boost::test_tools::tolerance(1e-14));
  BOOST_TEST(progress == (std::vector<Index>{2, 3, 5, 7}), boost::test_tools::per_element());

  KnownScorer again{known};
  const HeldOutLoss unknown = held_out_loss(again, texts_from(documents, 0), 2, -1);
  BOOST_TEST(unknown.loss == loss.loss);
  BOOST_TEST(unknown.bits_per_byte() == 0.0);
}

BOOST_AUTO_TEST_CASE(documents_of_one_mean_have_no_error) {
  KnownScorer scorer{[](const auto&, std::size_t) { return -0.75F; }};
  const Documents documents = documents_of({5, 12, 2, 40});
  const HeldOutLoss loss = held_out_loss(scorer, texts_from(documents, 1), 8, begin_of_text);
  BOOST_TEST(loss.loss == 0.75);
  BOOST_TEST(loss.standard_error == 0.0);
}

// More windows than one pass takes: each must find its own document.
BOOST_AUTO_TEST_CASE(many_documents_in_several_passes) {
  Documents documents;
  for (Token d = 0; d < 1500; ++d) documents.emplace_back(static_cast<std::size_t>(1 + d % 7), static_cast<Token>(10 * d));
  KnownScorer scorer{[](const auto& text, std::size_t) { return -static_cast<float>(text[1] / 10) / 8; }};
  std::vector<Index> progress;
  const HeldOutLoss loss =
      held_out_loss(scorer, texts_from(documents, 1), 3, begin_of_text, [&](Index done) { progress.push_back(done); });
  double sum = 0, tokens = 0, squares = 0;
  for (std::size_t d = 0; d < documents.size(); ++d) {
    sum += static_cast<double>(d * documents[d].size()) / 8;
    tokens += static_cast<double>(documents[d].size());
  }
  for (std::size_t d = 0; d < documents.size(); ++d)
    squares += std::pow((static_cast<double>(d) / 8 - sum / tokens) * static_cast<double>(documents[d].size()), 2);
  BOOST_TEST(static_cast<double>(loss.tokens) == tokens);
  BOOST_TEST(loss.loss == sum / tokens, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(loss.standard_error == std::sqrt(squares * 1500 / 1499) / tokens, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(scorer.passes > 2);
  BOOST_TEST(progress.back() == loss.tokens);
  BOOST_TEST(std::is_sorted(progress.begin(), progress.end()));
}

// Losses that have a mean of their own in each document, or in each stretch of a document.
KnownScorer::LogProbability varied(Index stretch) {
  return [stretch](const TextScorer::Text& text, std::size_t t) {
    const auto token = static_cast<std::uint64_t>(text[t]);
    return -static_cast<float>(2 + uniform_number(RandomKey{1}, token / static_cast<std::uint64_t>(stretch)) +
                               uniform_number(RandomKey{2}, token));
  };
}
double loss_of(const Documents& documents, const KnownScorer::LogProbability& known_loss) {
  KnownScorer scorer{known_loss};
  return held_out_loss(scorer, texts_from(documents, 1), 64, -1).loss;
}

// The error by leaving out one document after the other (jackknife), and by drawing as many with replacement (bootstrap).
BOOST_AUTO_TEST_CASE(the_error_over_documents_is_that_of_brute_force) {
  Documents documents;
  for (Token d = 0; d < 40; ++d) {
    documents.emplace_back(static_cast<std::size_t>(20 + 7 * d % 60));
    std::iota(documents.back().begin(), documents.back().end(), 100 * d);
  }
  KnownScorer scorer{varied(100)};
  const HeldOutLoss loss = held_out_loss(scorer, texts_from(documents, 1), 64, -1);
  BOOST_TEST((loss.units == 40 && !loss.over_blocks));
  const auto spread_of = [](const std::vector<double>& values) {
    const double mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
    double squares = 0;
    for (const double value : values) squares += (value - mean) * (value - mean);
    return squares / static_cast<double>(values.size());
  };
  std::vector<double> left_out, drawn;
  for (std::size_t d = 0; d < documents.size(); ++d) {
    Documents others = documents;
    others.erase(others.begin() + static_cast<Index>(d));
    left_out.push_back(loss_of(others, varied(100)));
  }
  for (std::uint64_t repetition = 0; repetition < 2000; ++repetition) {
    Documents some;
    for (std::uint64_t i = 0; i < 40; ++i) some.push_back(documents[below(RandomKey{3}, 40 * repetition + i, 40)]);
    drawn.push_back(loss_of(some, varied(100)));
  }
  BOOST_TEST(loss.standard_error > 0.02);
  BOOST_TEST(loss.standard_error == std::sqrt(39 * spread_of(left_out)), boost::test_tools::tolerance(0.05));
  BOOST_TEST(loss.standard_error == std::sqrt(spread_of(drawn) * 40 / 39), boost::test_tools::tolerance(0.08));
}

// One document of 24 blocks, the last shorter: the same by leaving out its blocks.
BOOST_AUTO_TEST_CASE(of_few_documents_the_error_is_over_blocks) {
  Documents one = documents_of({23 * 1000 + 400});
  const auto known_loss = varied(1000);
  for (const Index window : {64, 300, 100000}) {
    KnownScorer scorer{known_loss};
    const HeldOutLoss loss = held_out_loss(scorer, texts_from(one, 1), window, begin_of_text);
    BOOST_TEST((loss.units == 24 && loss.over_blocks && loss.documents == 1));
    BOOST_TEST(loss.error_text() == "standard error over 24 blocks of 1000 tokens");
    std::vector<RatioUnit> blocks(24);
    RatioUnit all;
    for (std::size_t t = 0; t < one[0].size(); ++t) {
      const double value = -static_cast<double>(known_loss(one[0], t));
      for (RatioUnit* unit : {&blocks[t / 1000], &all}) unit->y += value, unit->x += 1;
    }
    double mean = 0, squares = 0;
    std::vector<double> left_out;
    for (const RatioUnit& block : blocks) left_out.push_back((all.y - block.y) / (all.x - block.x));
    for (const double value : left_out) mean += value / 24;
    for (const double value : left_out) squares += (value - mean) * (value - mean);
    BOOST_TEST(loss.standard_error > 0.02);
    BOOST_TEST(loss.standard_error == std::sqrt(squares * 23 / 24), boost::test_tools::tolerance(0.03));
  }
}

BOOST_AUTO_TEST_CASE(too_little_text_has_no_error) {
  KnownScorer scorer{known};
  const HeldOutLoss one = held_out_loss(scorer, texts_from(documents_of({3999}), 1), 64, begin_of_text);
  BOOST_TEST((!one.has_error() && one.units == 1 && one.standard_error == 0));
  BOOST_TEST(one.error_text() == "one document: no error");
  BOOST_TEST(held_out_loss(scorer, texts_from(documents_of({4001}), 1), 64, begin_of_text).has_error());
  // Two short documents are two units.
  BOOST_TEST(held_out_loss(scorer, texts_from(documents_of({30, 40}), 1), 64, begin_of_text).units == 2);
}

// A token file read window by window is its documents read one by one, to the last bit; a sample is some of those windows.
BOOST_AUTO_TEST_CASE(windows_of_a_file_are_those_of_its_documents) {
  const TemporaryFolder folder;
  const Documents documents = documents_of({3, 4, 5, 6, 23, 1, 8, 9, 10, 11, 40});
  for (const Token end : {Token{-1}, Token{0}})
    for (const Index window : {1, 4, 7, 100}) {
      BOOST_TEST_CONTEXT("window " << window << ", end of text " << end) {
        const auto path = folder / (std::to_string(end) + "-" + std::to_string(window) + ".tokens");
        {
          TokenFileWriter writer{path, {200, end, 1}};
          for (const auto& document : documents) writer.append(document), writer.end_document(1, 3 * document.size() + 1);
          writer.commit();
        }
        const TokenFile file{path};
        KnownScorer first{known}, second{known}, third{known};
        std::size_t number = 0;
        const NextText next = [&](std::vector<Token>& text) {
          if (number == documents.size()) return -1.0;
          text = documents[number++];
          return 3.0 * static_cast<double>(text.size()) + 1;
        };
        const HeldOutLoss expected = held_out_loss(first, next, window, end);
        const HeldOutLoss found = held_out_loss(second, HeldOutWindows{file, window});
        BOOST_TEST(found.loss == expected.loss);
        BOOST_TEST(found.standard_error == expected.standard_error);
        BOOST_TEST(found.bytes == expected.bytes);
        BOOST_TEST((found.tokens == expected.tokens && found.documents == 11 && found.windows == expected.windows));
        BOOST_TEST((first.asked == second.asked));
        const HeldOutLoss enough = held_out_loss(third, HeldOutWindows{file, window, {.tokens = 1000}});
        BOOST_TEST((enough.loss == expected.loss && enough.all_windows >= enough.windows));
        KnownScorer sampled{known}, again{known};
        const HeldOutLoss sample = held_out_loss(sampled, HeldOutWindows{file, window, {.tokens = 30}});
        held_out_loss(again, HeldOutWindows{file, window, {.tokens = 30}});
        BOOST_TEST((sample.tokens >= 30 && sample.tokens < 30 + window && sample.windows < sample.all_windows));
        for (const auto& text : sampled.asked)
          BOOST_TEST((std::find(first.asked.begin(), first.asked.end(), text) != first.asked.end()));
        BOOST_TEST((sampled.asked == again.asked));
        KnownScorer some{known};
        BOOST_TEST(held_out_loss(some, HeldOutWindows{file, window, {.documents = 4}}).documents == 4);
      }
    }
}

BOOST_AUTO_TEST_CASE(an_exception_of_the_progress_ends_it) {
  KnownScorer scorer{known};
  struct Enough {};
  const auto stop_after_three = [](Index predicted) {
    if (predicted >= 3) throw Enough{};
  };
  BOOST_CHECK_THROW(held_out_loss(scorer, texts_from(documents_of({6, 1, 3}), 1), 2, -1, stop_after_three), Enough);
  BOOST_TEST(scorer.asked.size() == 2);
}

BOOST_AUTO_TEST_CASE(nothing_to_predict_is_an_error) {
  KnownScorer scorer{known};
  const Documents none, ones = documents_of({1, 1, 0});
  BOOST_TEST(message_of([&] { held_out_loss(scorer, texts_from(none, 1), 4, begin_of_text); }) ==
             "held-out loss: the text has no token to predict");
  BOOST_TEST(message_of([&] { held_out_loss(scorer, texts_from(ones, 1), 4, -1); }) ==
             "held-out loss: the text has no token to predict");
  BOOST_TEST(held_out_loss(scorer, texts_from(ones, 1), 4, begin_of_text).tokens == 2);
}

BOOST_AUTO_TEST_CASE(a_window_has_at_least_one_token) {
  KnownScorer scorer{known};
  const Documents documents = documents_of({5});
  for (const Index window : {0, -3})
    BOOST_TEST(message_of([&] { held_out_loss(scorer, texts_from(documents, 1), window, -1); }) ==
               "held-out loss: a window must have at least 1 token, found " + std::to_string(window));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace rondo::test
