// Scoring conventions: what of a text a score is the sum of. Published figures follow one of them; figures of two cannot be compared.
//
//   score(text) = sum of log p(x_t | x_1 .. x_{t-1}) over the scored tokens,   text = context + completion,   highest score wins
//
//   rondo         the token that begins texts, the text; the completion is scored; a tie is half right
//   lm_eval       lm-evaluation-harness: the completion with one space before it. Without a context the token that begins texts stands
//                 before it; with one none does, and text is scored from as many tokens on as the context alone has
//   lm_eval_norm  the same, a score divided by the characters of the completion (acc_norm)
//   pipeline2024  BabyLM's pipeline of 2024, a fork of the harness: the tokens of lm_eval
//   pipeline2025  BabyLM's pipelines of 2025 and 2026: the text as the tokenizer makes it, its special tokens included and none besides;
//                 scored are the tokens whose characters end after the beginning of the completion
//   pipeline2025_full_sentence      the same with the context scored, too
//   lm_pub_quiz, lm_pub_quiz_mean, lm_pub_quiz_conditional      BEAR's: the token that begins texts, then all of the text, summed; its
//                 mean; its sum from the answer on
//
// The first token of a text has no log-probability: without one that begins texts the first word is lost. A convention of one's own is a
// struct with the members of these, put into AnyConvention or handed to who is a template. Where a context ends in spaces and lm_eval is
// asked, these belong to the completion.
#pragma once

#include <algorithm>
#include <concepts>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <rondo/data/tokenizer/tokenizer.hpp>
#include <rondo/data/tokenizer/utf8.hpp>
#include <rondo/evaluate/prefix_tree.hpp>

namespace rondo {

enum class Reduction { sum, token_mean, character_mean, conditional_sum };
enum class Ties { half_right, first_wins };

// Tokens of a text, and the first of them that belongs to the completion: what Reduction::conditional_sum begins with.
struct ConventionText {
  ScoredText text;
  std::size_t completion = 0;
};

// The token that stands before a text: the one that begins texts, or else the one that ends them; -1: none.
[[nodiscard]] inline Token text_border(const Tokenizer& tokenizer) {
  const SpecialIds& special = tokenizer.special_ids();
  return special.begin_of_text >= 0 ? special.begin_of_text : special.end_of_text;
}

namespace conventions {

// All that end after character `from` of the text are scored; special tokens have the range (0, 0). `border` >= 0 stands before them.
inline ConventionText masked(const Encoding& encoding, std::size_t from, Token border) {
  ConventionText result;
  auto& [ids, scored] = result.text;
  if (border >= 0) ids.push_back(border), scored.push_back(0);
  for (std::size_t i = 0; i < encoding.ids.size(); ++i) {
    ids.push_back(encoding.ids[i]);
    scored.push_back(encoding.offsets[i].end > from);
  }
  if (!scored.empty()) scored[0] = 0;
  result.completion = static_cast<std::size_t>(std::find(scored.begin(), scored.end(), 1) - scored.begin());
  return result;
}

struct Rondo {
  static constexpr std::string_view name = "rondo";
  static constexpr std::string_view description =
      "the token that begins texts, then the text without other special tokens; the completion is scored; a tie is half right";
  static constexpr Ties ties = Ties::half_right;
  static constexpr Reduction reduction = Reduction::sum;
  static constexpr bool leading_space = false;
  ConventionText operator()(const Tokenizer& tokenizer, const std::string& context, const std::string& completion) const {
    return masked(tokenizer.encode(context + completion), count_characters(context), text_border(tokenizer));
  }
};

template <Reduction reduced>
struct Harness {
  static constexpr Ties ties = Ties::first_wins;
  static constexpr Reduction reduction = reduced;
  static constexpr bool leading_space = true;
  ConventionText operator()(const Tokenizer& tokenizer, std::string context, std::string completion) const {
    if (context.empty()) {
      const Token border = text_border(tokenizer);
      ConventionText result = masked(tokenizer.encode(" " + completion), 0, border >= 0 ? border : tokenizer.special_ids().padding);
      std::fill(result.text.scored.begin() + 1, result.text.scored.end(), std::uint8_t{1});  // a lone space before a word, too
      result.completion = 1;
      return result;
    }
    const std::size_t words = context.find_last_not_of(' ') + 1;
    completion = context.substr(words) + completion;
    context.resize(words);
    const std::size_t before = tokenizer.encode(context).ids.size();
    ConventionText result;
    result.text.ids = tokenizer.encode(context + completion).ids;
    result.text.scored.assign(result.text.ids.size(), 0);
    result.completion = std::max<std::size_t>(std::min(before, result.text.ids.size()), 1);
    for (std::size_t i = result.completion; i < result.text.ids.size(); ++i) result.text.scored[i] = 1;
    return result;
  }
};
struct LmEval : Harness<Reduction::sum> {
  static constexpr std::string_view name = "lm_eval";
  static constexpr std::string_view description =
      "lm-evaluation-harness: a leading space; without a context the token that begins texts stands before; the completion is scored; "
      "of equal scores the first option wins";
};
struct LmEvalNorm : Harness<Reduction::character_mean> {
  static constexpr std::string_view name = "lm_eval_norm";
  static constexpr std::string_view description =
      "lm-evaluation-harness, scores divided by the characters of the completion; of equal scores the first option wins";
};
struct Pipeline2024 : Harness<Reduction::sum> {
  static constexpr std::string_view name = "pipeline2024";
  static constexpr std::string_view description =
      "BabyLM's pipeline of 2024: a leading space; without a context the token that begins texts stands before; the completion is "
      "scored; "
      "of equal scores the first option wins";
};

template <bool full_sentence>
struct Challenge {
  static constexpr Ties ties = Ties::first_wins;
  static constexpr Reduction reduction = Reduction::sum;
  static constexpr bool leading_space = false;
  ConventionText operator()(const Tokenizer& tokenizer, const std::string& context, const std::string& completion) const {
    const Encoding encoding = tokenizer.encode(context + completion, SpecialTokens::included);
    const std::size_t start = encoding.offsets.empty() ? 0 : encoding.offsets.front().begin;
    return masked(encoding, start + (full_sentence ? 0 : count_characters(context)), -1);
  }
};
struct Pipeline2025 : Challenge<false> {
  static constexpr std::string_view name = "pipeline2025";
  static constexpr std::string_view description =
      "BabyLM's pipelines of 2025 and 2026: the tokenizer's special tokens and none besides; scored are the tokens that end after the "
      "beginning of the completion, never the first; of equal scores the first option wins";
};
struct Pipeline2025FullSentence : Challenge<true> {
  static constexpr std::string_view name = "pipeline2025_full_sentence";
  static constexpr std::string_view description =
      "BabyLM's pipelines of 2025 and 2026 with the context scored, too; of equal scores the first option wins";
};

template <Reduction reduced>
struct WholeText {
  static constexpr Ties ties = Ties::first_wins;
  static constexpr Reduction reduction = reduced;
  static constexpr bool leading_space = false;
  ConventionText operator()(const Tokenizer& tokenizer, const std::string& context, const std::string& completion) const {
    Encoding encoding = tokenizer.encode(context + completion, SpecialTokens::included);
    const Token border = text_border(tokenizer);
    const bool begins = !encoding.ids.empty() && encoding.ids.front() == border;
    ConventionText result = masked(encoding, 0, begins ? -1 : border);
    const std::size_t added = begins ? 0 : result.text.ids.size() - encoding.ids.size(), from = count_characters(context);
    result.completion = added;
    while (result.completion < result.text.ids.size() &&
           (result.text.scored[result.completion] == 0 || encoding.offsets[result.completion - added].end <= from))
      ++result.completion;
    return result;
  }
};
struct LmPubQuiz : WholeText<Reduction::sum> {
  static constexpr std::string_view name = "lm_pub_quiz";
  static constexpr std::string_view description =
      "lm-pub-quiz: the token that begins texts, then all of the text, summed; of equal scores the first answer wins";
};
struct LmPubQuizMean : WholeText<Reduction::token_mean> {
  static constexpr std::string_view name = "lm_pub_quiz_mean";
  static constexpr std::string_view description =
      "lm-pub-quiz: the token that begins texts, then the mean over all of the text; of equal scores the first answer wins";
};
struct LmPubQuizConditional : WholeText<Reduction::conditional_sum> {
  static constexpr std::string_view name = "lm_pub_quiz_conditional";
  static constexpr std::string_view description =
      "lm-pub-quiz: the token that begins texts, then the text from the answer on, summed; of equal scores the first answer wins";
};

}  // namespace conventions

template <class T>
concept ScoringConvention = requires(const T& convention, const Tokenizer& tokenizer, const std::string& text) {
  { T::name } -> std::convertible_to<std::string_view>;
  { T::description } -> std::convertible_to<std::string_view>;
  { T::ties } -> std::convertible_to<Ties>;
  { T::reduction } -> std::convertible_to<Reduction>;
  { T::leading_space } -> std::convertible_to<bool>;  // whether a text without a context begins with one
  { convention(tokenizer, text, text) } -> std::same_as<ConventionText>;
};

// A convention with its type put aside.
struct AnyConvention {
  std::string_view name, description;
  Ties ties;
  Reduction reduction;
  bool leading_space;
  ConventionText (*text)(const Tokenizer&, const std::string& context, const std::string& completion);

  template <ScoringConvention Convention>
  static AnyConvention of() {
    return {Convention::name,
            Convention::description,
            Convention::ties,
            Convention::reduction,
            Convention::leading_space,
            [](const Tokenizer& tokenizer, const std::string& context, const std::string& completion) {
              return Convention{}(tokenizer, context, completion);
            }};
  }
};

[[nodiscard]] inline const std::vector<AnyConvention>& all_conventions() {
  using namespace conventions;
  static const std::vector<AnyConvention> all{
      AnyConvention::of<Rondo>(),        AnyConvention::of<LmEval>(),        AnyConvention::of<LmEvalNorm>(),
      AnyConvention::of<Pipeline2024>(), AnyConvention::of<Pipeline2025>(),  AnyConvention::of<Pipeline2025FullSentence>(),
      AnyConvention::of<LmPubQuiz>(),    AnyConvention::of<LmPubQuizMean>(), AnyConvention::of<LmPubQuizConditional>()};
  return all;
}
// Throws Error for a name that none has.
[[nodiscard]] inline const AnyConvention& convention_named(std::string_view name) {
  std::string names;
  for (const AnyConvention& convention : all_conventions()) {
    if (convention.name == name) return convention;
    names += (names.empty() ? "" : ", ") + std::string(convention.name);
  }
  throw error("scoring convention: expected one of ", names, "; found '", name, "'");
}

}  // namespace rondo
