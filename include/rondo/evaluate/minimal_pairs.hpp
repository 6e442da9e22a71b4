// Minimal pairs: how often a model finds the acceptable sentence of a pair more probable (BLiMP; Warstadt et al. 2020).
//
//   score(sentence) = sum over t of log p(x_t | x_1 .. x_{t-1}), float32;   a pair is right where score(good) > score(bad)
//
// Input: a JSON-lines file, or a folder of them (rondo/evaluate/task_files.hpp), or items of two options, the good one first. Equal
// scores are ties: half a right answer each, counted apart. Accuracy per file with its binomial standard error sqrt(a (1 - a) / n); a macro
// average is the mean over files, its standard error sqrt(sum of squares) / files: over all, and over those of one phenomenon where
// the pairs name theirs (BLiMP: "linguistics_term", the same in all pairs of a file). Chance is 0.5. Where the tokenizer names a
// token that begins texts it stands before each sentence, so that the first word counts too. Throws Error with file and line: for
// a sentence that has no words, or no token whose probability could be told, and for a score that is not a number.
#pragma once

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include <rondo/evaluate/scorer.hpp>
#include <rondo/evaluate/task_files.hpp>
#include <rondo/io/json.hpp>

namespace rondo {

struct PairScore {
  std::string name;
  std::string phenomenon;
  Index pairs = 0;
  Index ties = 0;
  Index right = 0;
  Index in_file = 0;  // pairs that the file has
  [[nodiscard]] double accuracy() const {
    return (static_cast<double>(right) + 0.5 * static_cast<double>(ties)) / static_cast<double>(pairs);
  }
  [[nodiscard]] double standard_error() const { return std::sqrt(accuracy() * (1 - accuracy()) / static_cast<double>(pairs)); }
};

// The mean over files.
struct MacroAverage {
  Index files = 0;
  double accuracy = 0;
  double standard_error = 0;
};

[[nodiscard]] inline MacroAverage macro_average(std::span<const PairScore> files) {
  MacroAverage result{std::ssize(files), 0, 0};
  const auto count = static_cast<double>(files.size());
  double squares = 0;
  for (const PairScore& file : files) {
    result.accuracy += file.accuracy() / count;
    squares += file.standard_error() * file.standard_error();
  }
  result.standard_error = std::sqrt(squares) / count;
  return result;
}

struct PairReport {
  // Which errors these are.
  static constexpr const char* error_text = "standard error of the test set, over its pairs";
  std::vector<PairScore> files;
  std::string conventions;
  [[nodiscard]] MacroAverage macro() const { return macro_average(files); }
  // By name of the phenomenon; files that name none are left out.
  [[nodiscard]] std::map<std::string, MacroAverage> phenomena() const {
    std::map<std::string, std::vector<PairScore>> groups;
    for (const PairScore& file : files)
      if (!file.phenomenon.empty()) groups[file.phenomenon].push_back(file);
    std::map<std::string, MacroAverage> result;
    for (const auto& [name, group] : groups) result[name] = macro_average(group);
    return result;
  }
  [[nodiscard]] Json json() const {
    Json result{
        {"macro_accuracy", macro().accuracy}, {"standard_error", macro().standard_error}, {"error", error_text}, {"chance", 0.5}};
    Index pairs = 0, ties = 0;
    Json list = Json::object();
    for (const PairScore& file : files) {
      pairs += file.pairs;
      ties += file.ties;
      list[file.name] = {{"accuracy", file.accuracy()}, {"standard_error", file.standard_error()}, {"pairs", file.pairs},
                         {"ties", file.ties}};
      if (file.in_file > file.pairs) list[file.name]["pairs_in_file"] = file.in_file;
    }
    result["pairs"] = pairs;
    result["ties"] = ties;
    result["conventions"] = conventions;
    for (const auto& [name, average] : phenomena())
      result["phenomena"][name] = {{"accuracy", average.accuracy}, {"standard_error", average.standard_error},
                                   {"files", average.files}};
    result["files"] = std::move(list);
    return result;
  }
};

// What the model finds of one pair.
struct ScoredPair {
  std::string file;      // its name
  std::size_t line = 0;  // 0: unknown
  std::string good, bad;
  float log_probability_good = 0, log_probability_bad = 0;
  Index tokens_good = 0, tokens_bad = 0;  // whose log-probabilities these are the sums of
  std::string phenomenon{};               // of its file, or none
  [[nodiscard]] bool is_right() const { return log_probability_good > log_probability_bad; }
  [[nodiscard]] bool is_tie() const { return log_probability_good == log_probability_bad; }
  // A tie is half right.
  [[nodiscard]] Json json() const {
    Json json{{"file", file},
              {"line", line},
              {"sentence_good", good},
              {"sentence_bad", bad},
              {"log_probability_good", log_probability_good},
              {"log_probability_bad", log_probability_bad},
              {"tokens_good", tokens_good},
              {"tokens_bad", tokens_bad},
              {"right", is_tie() ? 0.5 : is_right() ? 1.0 : 0.0}};
    if (!phenomenon.empty()) json["phenomenon"] = phenomenon;
    return json;
  }
};

// One file, or all *.jsonl of a folder by name.
inline std::vector<std::filesystem::path> minimal_pair_files(const std::filesystem::path& path) {
  if (!std::filesystem::is_directory(path)) return {path};
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(path))
    if (entry.path().extension() == ".jsonl") files.push_back(entry.path());
  require(!files.empty(), path.string(), ": no .jsonl files in this folder");
  std::sort(files.begin(), files.end());
  return files;
}
// `limit`: of each file only the first so many pairs; 0: all.
inline std::vector<ChoiceSubset> read_all_minimal_pairs(const std::filesystem::path& path, Index limit = 0) {
  std::vector<ChoiceSubset> result;
  for (const auto& path_of_file : minimal_pair_files(path))
    for (const TaskFile& file : read_task_files(path_of_file)) result.push_back(read_minimal_pairs(file, limit));
  return result;
}

// `encode(sentence)` gives a sentence's ids; begin_of_text < 0: none is put before. `each` is told of every pair, in their order.
inline PairReport score_minimal_pairs(TextScorer& scorer, std::span<const ChoiceSubset> files,
                                      const std::function<std::vector<Token>(const std::string& sentence)>& encode,
                                      Token begin_of_text, const std::function<void(Index done, Index all)>& progress = {},
                                      const std::function<void(const ScoredPair&)>& each = {}) {
  std::vector<std::vector<Token>> texts;
  const auto place_of = [](const ChoiceSubset& file, std::size_t pair) {
    const std::size_t line = file.items[pair].line;
    return line > 0 ? file.path + ":" + std::to_string(line)
                    : "minimal pairs: " + file.name + ": pair " + std::to_string(pair + 1);
  };
  Index all = 0;
  for (const ChoiceSubset& file : files)
    for (std::size_t i = 0; i < file.items.size(); ++i)
      for (const ChoiceOption& sentence : file.items[i].options) {
        std::vector<Token> ids = encode(sentence.completion);
        if (begin_of_text >= 0) ids.insert(ids.begin(), begin_of_text);
        require(ids.size() > 1, place_of(file, i), ": '", sentence.completion, "' has no token that follows another",
                begin_of_text >= 0 ? "" : " (and none begins texts)");
        texts.push_back(std::move(ids));
      }
  for (const auto& text : texts) all += std::ssize(text);
  const std::vector<float> sums = scorer.sums(texts, [&](Index done) { if (progress) progress(done, all); });

  PairReport report;
  report.conventions = begin_of_text >= 0
                           ? "sum of the log-probabilities of all tokens, after the token that begins texts; "
                           : "sum of the log-probabilities of all tokens but the first (no token begins texts); ";
  report.conventions += "no leading space, no final token; float32; ties count one half; temperature 1";
  std::size_t next = 0;
  for (const ChoiceSubset& file : files) {
    const Index pairs = std::ssize(file.items);
    PairScore score{file.name, file.group, pairs, 0, 0, std::max(file.in_file, pairs)};
    for (std::size_t i = 0; i < file.items.size(); ++i, next += 2) {
      const ChoiceItem& item = file.items[i];
      const ScoredPair pair{file.name,
                            item.line,
                            item.options[0].completion,
                            item.options[1].completion,
                            sums[next],
                            sums[next + 1],
                            std::ssize(texts[next]) - 1,
                            std::ssize(texts[next + 1]) - 1,
                            file.group};
      require(!std::isnan(sums[next]) && !std::isnan(sums[next + 1]), place_of(file, i), ": the model's score is not a number");
      score.right += pair.is_right();
      score.ties += pair.is_tie();
      if (each) each(pair);
    }
    report.files.push_back(score);
  }
  return report;
}

}  // namespace rondo
