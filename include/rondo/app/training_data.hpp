// TrainingData: what a run trains on, one token file or several in a mixture (data.tokens, data.more, data.weights).
//
//   TrainingData data{{"books.tokens", "speech.tokens"}, {1, 2.5}};
//   data.first()       what stands for all of them where one will do: tokenizer, vocabulary, place
//   data.tokens()      the source of batches
#pragma once

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/data/mixed_tokens.hpp>
#include <rondo/data/token_file.hpp>
#include <rondo/io/json.hpp>
#include <rondo/io/mapped_file.hpp>

namespace rondo::app {

// What tells two token files apart.
inline Json facts_of(const TokenFile& file) {
  const MappedFile bytes{file.path()};
  TokenFileTrailer trailer;
  std::memcpy(&trailer, bytes.bytes().data() + bytes.size() - sizeof trailer, sizeof trailer);
  char checksum[17];
  std::snprintf(checksum, sizeof checksum, "%016llx", static_cast<unsigned long long>(trailer.checksum));
  return {{"tokens", file.tokens()}, {"documents", file.documents()}, {"words", file.words()}, {"checksum", checksum}};
}

class TrainingData {
 public:
  // Without weights each file counts once.
  TrainingData(const std::vector<std::filesystem::path>& paths, const std::vector<double>& weights)
      : files_(opened(paths)), mixture_(weighted(files_, weights)) {}

  [[nodiscard]] const TokenFile& first() const { return *files_.front(); }
  [[nodiscard]] bool several() const { return files_.size() > 1; }
  [[nodiscard]] const MixedTokens& tokens() const { return mixture_; }
  // Of those after the first.
  [[nodiscard]] std::vector<std::string> more_paths() const {
    std::vector<std::string> paths;
    for (std::size_t i = 1; i < files_.size(); ++i) paths.push_back(files_[i]->path().string());
    return paths;
  }
  [[nodiscard]] Json more_facts() const {
    Json facts = Json::array();
    for (std::size_t i = 1; i < files_.size(); ++i) facts.push_back(facts_of(*files_[i]));
    return facts;
  }

 private:
  using Files = std::vector<std::unique_ptr<TokenFile>>;
  static Files opened(const std::vector<std::filesystem::path>& paths) {
    Files files;
    for (const std::filesystem::path& path : paths) files.push_back(std::make_unique<TokenFile>(path));
    return files;
  }
  static std::vector<WeightedTokens> weighted(const Files& files, const std::vector<double>& weights) {
    require(weights.empty() || weights.size() == files.size(), "data.weights: expected one for each of ", files.size(),
            " token files, found ", weights.size());
    std::vector<WeightedTokens> parts;
    for (std::size_t i = 0; i < files.size(); ++i) parts.push_back({files[i].get(), weights.empty() ? 1 : weights[i]});
    return parts;
  }

  Files files_;
  MixedTokens mixture_;
};

}  // namespace rondo::app
