// What every model's session is put through: fed in any pieces, its logits are those of one pass over the whole text.
#pragma once

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <string>

#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/generate/session.hpp>

#include "evaluate/random_weights.hpp"
#include "io/temporary_folder.hpp"
#include "support/counted_memory.hpp"

namespace rondo::test {

inline std::vector<Token> some_text(Index length, Index vocabulary) {
  std::vector<Token> text;
  for (Index i = 0; i < length; ++i)
    text.push_back(
        static_cast<Token>(below(RandomKey{11}, static_cast<std::uint64_t>(i), static_cast<std::uint64_t>(vocabulary))));
  return text;
}

// The largest difference of log-probabilities after any piece; a piece ends with token `end - 1`.
template <class AnySession>
double largest_difference_in_pieces(AnySession& session, const std::vector<Token>& text, Index piece,
                                    const std::vector<std::vector<double>>& expected) {
  double largest = 0;
  for (Index begin = 0; begin < std::ssize(text); begin += piece) {
    const Index count = std::min(piece, std::ssize(text) - begin);
    const auto logits = session.feed(std::span(text).subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(count)));
    BOOST_TEST_REQUIRE(logits.rows == 1);
    BOOST_TEST(session.position() == begin + count);
    const std::vector<double>& row = expected[static_cast<std::size_t>(begin + count - 1)];
    BOOST_TEST_REQUIRE(logits.columns == std::ssize(row));
    double sum = 0;
    for (Index v = 0; v < logits.columns; ++v) sum += std::exp(static_cast<double>(logits(0, v)));
    for (Index v = 0; v < logits.columns; ++v)
      largest = std::max(largest, std::abs(static_cast<double>(logits(0, v)) - std::log(sum) - row[static_cast<std::size_t>(v)]));
  }
  return largest;
}

// Pieces of several sizes, each after a reset of the same session; chunks within a piece.
template <class Backend, class Storage = typename Backend::Scalar, class Model>
void expect_pieces(const Model& model, const std::vector<Token>& text, double tolerance) {
  const auto exact = random_weights<Reference<double>>(model);
  const auto expected = log_softmax_of(model, exact, text);
  // They are worth comparing: what comes next depends on what was read.
  double change = 0;
  for (std::size_t v = 0; v < expected[3].size(); ++v) change = std::max(change, std::abs(expected[3][v] - expected[20][v]));
  BOOST_TEST(change > 0.2);
  const auto weights = random_weights<Backend, Storage>(model);
  for (const Index chunk : {3, 16, 256}) {
    Session<Model, Backend, Storage> session{model, weights, chunk};
    for (const Index piece : {Index{1}, Index{2}, Index{7}, std::ssize(text)}) {
      BOOST_TEST_CONTEXT("pieces of " << piece << ", chunks of " << chunk) {
        BOOST_TEST(largest_difference_in_pieces(session, text, piece, expected) < tolerance);
      }
      session.reset();
      BOOST_TEST(session.position() == 0);
    }
  }
}

template <class Model>
void expect_whole_pass(const Shape& shape) {
  const Model model{shape};
  const std::vector<Token> text = some_text(75, shape.vocabulary);
  expect_pieces<Reference<double>>(model, text, 1e-9);
  expect_pieces<Cpu>(model, text, 2e-4);
  expect_pieces<Cpu, bf16>(model, text, 2e-4);
}

template <class S>
std::vector<S> numbers_of(View<const S> row) {
  return {row.data, row.data + row.columns};
}

// What was fed before matters, and a reset forgets all of it, to the bit.
template <class Model>
void expect_reset(const Shape& shape) {
  const Model model{shape};
  const auto weights = random_weights<Cpu>(model);
  const std::vector<Token> text = some_text(20, shape.vocabulary);
  Session<Model, Cpu> session{model, weights};
  const auto fresh = numbers_of(session.feed(text));
  const auto twice = numbers_of(session.feed(text));
  BOOST_TEST((twice != fresh));
  session.reset();
  BOOST_TEST((numbers_of(session.feed(text)) == fresh));
}

// What is refused leaves the session where it was.
template <class Model>
void expect_refusals(const Shape& shape) {
  const Model model{shape};
  const auto weights = random_weights<Reference<double>>(model);
  const std::vector<Token> text = some_text(12, shape.vocabulary);
  const auto expected = log_softmax_of(model, weights, text);
  Session<Model, Reference<double>> session{model, weights, 4};
  session.feed(std::span(text).first(9));
  BOOST_TEST(message_of([&] { session.feed(std::span<const Token>{}); }) == "session: no tokens to feed");
  for (const Index chunk : {0, -5})
    BOOST_TEST(message_of([&] { Session<Model, Reference<double>>(model, weights, chunk); }) ==
               "session: a chunk must have at least 1 token, found " + std::to_string(chunk));
  const auto beyond = static_cast<Token>(shape.vocabulary);
  for (const Token wrong : {Token{-1}, beyond}) {
    const std::vector<Token> bad{0, 1, 2, 3, 4, 5, wrong};
    BOOST_TEST(message_of([&] { session.feed(bad); }) ==
               "session: token id " + std::to_string(wrong) + " is outside the vocabulary of " + std::to_string(beyond));
  }
  BOOST_TEST(session.position() == 9);
  session.feed(text[9]);
  session.feed(text[10]);
  const auto logits = session.feed(text[11]);
  BOOST_TEST(logits(0, 2) - logits(0, 5) == expected[11][2] - expected[11][5], boost::test_tools::tolerance(1e-9));
}

// One more token, then many: no call of operator new.
template <class Model>
void expect_no_allocation(Shape shape) {
  shape.context = 150;
  const Model model{shape};
  const auto weights = random_weights<Cpu>(model);
  const auto stored = random_weights<Cpu, bf16>(model);
  const std::size_t before = allocation_count();
  Session<Model, Cpu> session{model, weights};
  Session<Model, Cpu, bf16> small{model, stored};
  BOOST_TEST(allocation_count() > before);  // the counter is in use
  const std::vector<Token> text = some_text(140, shape.vocabulary);
  const auto count = [&](auto& warm) {
    warm.feed(std::span(text).first(10));
    warm.feed(text[10]);
    const std::size_t start = allocation_count();
    for (std::size_t i = 11; i < text.size(); ++i) warm.feed(text[i]);
    return allocation_count() - start;
  };
  BOOST_TEST(count(session) == 0U);
  BOOST_TEST(count(small) == 0U);
}

}  // namespace rondo::test
