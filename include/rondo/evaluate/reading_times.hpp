// Reading times: how much better they are predicted where a word's surprisal is known (Smith and Levy 2013; BabyLM's pipeline of 2025).
//
//   surprisal(word) = -log p(word | what was read before)
//   gain = 100 (R^2 - R0^2) / (1 - R0^2),   R0^2 of the predictors and the products of two of them, R^2 of these and the surprisal
//
//   eye tracking           mean gain of RTfirstfix, RTfirstpass, RTgopast, RTrightbound by Subtlex_log10, length, context_length
//   self-paced reading     gain of self_paced_reading_time by these and prev_length, prev_pred (the surprisal of the word before)
//
//   ReadingTimes data = read_reading_times("reading_data.csv");
//   std::vector<ScoredText> texts = data.texts(tokenizer);
//   data.take(texts, scorer.token_scores(texts));             // surprisals
//   data.eye_tracking(), data.self_paced(), data.predictions()
//
// A row is a word: "item" what stands before it (absent: the pipeline reads the word None), "word", "prev_item" and "prev_word" of the word
// before. As the pipeline has it a word's tokens are known one by one: after each the text grows by the decoded token and is tokenised
// anew, with special tokens; of the piece, tokenised again, the first token counts. Rows that lack a number in use are left out. Throws
// Error with the word's number for a table that is none, and for a column that is missing.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <rondo/data/tokenizer/tokenizer.hpp>
#include <rondo/evaluate/least_squares.hpp>
#include <rondo/evaluate/scorer.hpp>
#include <rondo/io/input_text.hpp>
#include <rondo/io/json.hpp>

namespace rondo {

// Rows of cells; quoted ones may hold commas, quotes and ends of lines (RFC 4180).
inline std::vector<std::vector<std::string>> read_csv(std::string_view text) {
  std::vector<std::vector<std::string>> rows;
  bool quoted = false, open = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char letter = text[i];
    if (!open) rows.emplace_back(1), open = true;
    std::string& cell = rows.back().back();
    if (quoted && letter == '"' && i + 1 < text.size() && text[i + 1] == '"') {
      cell += text[++i];
    } else if (letter == '"') {
      quoted = !quoted;
    } else if (!quoted && letter == ',') {
      rows.back().emplace_back();
    } else if (!quoted && letter == '\n') {
      open = false;
    } else if (quoted || letter != '\r') {
      cell += letter;
    }
  }
  return rows;
}

class ReadingTimes {
 public:
  static constexpr double missing = std::numeric_limits<double>::quiet_NaN();
  static constexpr std::array eye_columns{"RTfirstfix", "RTfirstpass", "RTgopast", "RTrightbound"};
  static constexpr const char* self_paced_column = "self_paced_reading_time";

  ReadingTimes(std::string_view text, const std::string& name, Index limit = 0) : name_(name), rows_(read_csv(text)) {
    require(!rows_.empty(), name, ": empty; expected a table with a line of names");
    names_ = rows_.front();
    rows_.erase(rows_.begin());
    if (limit > 0 && std::ssize(rows_) > limit) rows_.resize(static_cast<std::size_t>(limit));
    require(!rows_.empty(), name, ": no words in it");
    for (std::size_t i = 0; i < rows_.size(); ++i)
      require(rows_[i].size() == names_.size(), name, ": word ", i + 1, ": ", rows_[i].size(), " cells for ", names_.size(), " columns");
    for (const char* column : {"item", "word", "prev_item", "prev_word"}) static_cast<void>(column_of(column));
    for (const char* column : {"Subtlex_log10", "length", "context_length", "prev_length", self_paced_column})
      static_cast<void>(numbers(column));
    for (const char* column : eye_columns) static_cast<void>(numbers(column));
  }

  [[nodiscard]] Index words() const { return std::ssize(rows_); }

  // One for each token of each word, and of each word before it; of each the last token is scored.
  [[nodiscard]] std::vector<ScoredText> texts(const Tokenizer& tokenizer) {
    std::vector<ScoredText> result;
    pieces_.assign(2 * rows_.size(), 0);
    const std::size_t item = column_of("item"), word = column_of("word"), before = column_of("prev_item"),
                      word_before = column_of("prev_word");
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const auto& row = rows_[i];
      pieces_[2 * i] = append(tokenizer, row[item].empty() ? "None" : row[item], row[word], result);
      if (!row[before].empty()) pieces_[2 * i + 1] = append(tokenizer, row[before], row[word_before], result);
    }
    return result;
  }
  void take(std::span<const ScoredText> texts, const TokenScores& scores) {
    surprisals_.assign(rows_.size(), missing), before_.assign(rows_.size(), missing);
    std::size_t next = 0;
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      double sum = 0;
      for (std::size_t piece = 0; piece < pieces_[i]; ++piece, ++next) sum -= double{scores.of(next)[texts[next].ids.size() - 1]};
      if (pieces_[i] > 0) (i % 2 == 0 ? surprisals_ : before_)[i / 2] = sum;
    }
  }
  [[nodiscard]] const std::vector<double>& surprisals() const { return surprisals_; }

  [[nodiscard]] double gain(const std::string& times) const {
    std::vector<std::vector<double>> predictors{numbers("Subtlex_log10"), numbers("length"), numbers("context_length")};
    if (times == self_paced_column) predictors.push_back(numbers("prev_length")), predictors.push_back(before_);
    const double without = explained(times, predictors, false), with = explained(times, predictors, true);
    return 100 * (with - without) / (1 - without);
  }
  [[nodiscard]] double eye_tracking() const {
    double sum = 0;
    for (const char* column : eye_columns) sum += gain(column);
    return sum / static_cast<double>(eye_columns.size());
  }
  [[nodiscard]] double self_paced() const { return gain(self_paced_column); }

  // [{"id": 0, "pred": 6.04, "prev_pred": null}, ...]
  [[nodiscard]] Json predictions() const {
    const auto number = [](double value) { return std::isnan(value) ? Json() : Json(value); };
    Json list = Json::array();
    for (std::size_t i = 0; i < rows_.size(); ++i)
      list.push_back({{"id", i}, {"pred", number(surprisals_[i])}, {"prev_pred", number(before_[i])}});
    return list;
  }

 private:
  [[nodiscard]] std::size_t column_of(const std::string& name) const {
    const auto found = std::find(names_.begin(), names_.end(), name);
    require(found != names_.end(), name_, ": expected a column '", name, "', found none");
    return static_cast<std::size_t>(found - names_.begin());
  }
  [[nodiscard]] std::vector<double> numbers(const std::string& name) const {
    const std::size_t column = column_of(name);
    std::vector<double> result;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const std::string& cell = rows_[i][column];
      double value = missing;
      if (!cell.empty() && cell != "NA" && cell != "nan") {
        const auto end = std::from_chars(cell.data(), cell.data() + cell.size(), value);
        require(end.ec == std::errc{} && end.ptr == cell.data() + cell.size(), name_, ": word ", i + 1, ": '", name,
                "': expected a number, found '", cell, "'");
      }
      result.push_back(value);
    }
    return result;
  }
  // Texts of the tokens of a word after `text`; their number.
  static std::size_t append(const Tokenizer& tokenizer, std::string text, const std::string& word, std::vector<ScoredText>& to) {
    const std::vector<TokenId> target = tokenizer.encode(word).ids;
    for (std::size_t n = 0; n < target.size(); ++n) {
      const std::string piece = tokenizer.decode(std::span{target}.subspan(n, 1));
      Token wanted = target[n];
      if (n > 0)
        if (const auto again = tokenizer.encode(piece).ids; !again.empty()) wanted = again.front();
      ScoredText& one = to.emplace_back();
      one.ids = tokenizer.encode(text, SpecialTokens::included).ids;
      one.ids.push_back(wanted);
      one.scored.assign(one.ids.size(), 0);
      if (one.ids.size() > 1) one.scored.back() = 1;
      text += piece;
    }
    return target.size();
  }
  [[nodiscard]] double explained(const std::string& times, const std::vector<std::vector<double>>& predictors,
                                 bool with_surprisal) const {
    const std::vector<double> all = numbers(times);
    std::vector<std::vector<double>> columns = predictors;
    for (std::size_t a = 0; a < predictors.size(); ++a)
      for (std::size_t b = a + 1; b < predictors.size(); ++b) {
        std::vector<double>& product = columns.emplace_back(predictors[a]);
        for (std::size_t i = 0; i < product.size(); ++i) product[i] *= predictors[b][i];
      }
    if (with_surprisal) columns.push_back(surprisals_);
    std::vector<std::vector<double>> kept(columns.size());
    std::vector<double> y;
    for (std::size_t i = 0; i < all.size(); ++i) {
      bool whole = !std::isnan(all[i]);
      for (const auto& column : columns) whole = whole && !std::isnan(column[i]);
      if (!whole) continue;
      y.push_back(all[i]);
      for (std::size_t k = 0; k < columns.size(); ++k) kept[k].push_back(columns[k][i]);
    }
    require(y.size() > columns.size(), name_, ": '", times, "': only ", y.size(), " words have all numbers");
    return explained_variance(kept, std::move(y));
  }

  std::string name_;
  std::vector<std::string> names_;
  std::vector<std::vector<std::string>> rows_;
  std::vector<std::size_t> pieces_;  // texts of each word and of the word before it
  std::vector<double> surprisals_, before_;
};

}  // namespace rondo
