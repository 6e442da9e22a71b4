// What the program `corpus` says of token files.
//
//   corpus decode --tokenizer T --data TOKENS     the documents as text, an empty line between them; with --json a JSON line each
//   corpus info --data TOKENS [--tokenizer T]     how large the file is, and what made it
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include <rondo/app/common.hpp>
#include <rondo/core/error.hpp>
#include <rondo/data/token_file.hpp>
#include <rondo/data/tokenizer/tokenizer.hpp>
#include <rondo/io/json.hpp>

namespace rondo::app {

struct TokenFileOptions {
  std::filesystem::path data, tokenizer;
  Index documents = 0;  // the first so many; 0: all
};

// The tokenizer that made the file.
[[nodiscard]] inline Tokenizer tokenizer_of(const TokenFile& file, const std::filesystem::path& path) {
  Tokenizer tokenizer = Tokenizer::load(path);
  require(tokenizer.fingerprint() == file.tokenizer(), path.string(), ": not the tokenizer that made ", file.path().string());
  return tokenizer;
}

inline int decode_token_file(const TokenFileOptions& options, const CommonOptions& common) {
  const TokenFile file{options.data};
  const Tokenizer tokenizer = tokenizer_of(file, options.tokenizer);
  const Index count = options.documents > 0 ? std::min(options.documents, file.documents()) : file.documents();
  for (Index d = 0; d < count; ++d) {
    const TokenView tokens = file.tokens(d);
    std::vector<TokenId> ids(static_cast<std::size_t>(tokens.size()));
    tokens.copy(ids.data());
    if (ids.back() == file.end_of_text()) ids.pop_back();
    const std::string text = tokenizer.decode(ids);
    const std::string line = common.json ? Json{{"text", text}}.dump() + "\n" : (d > 0 ? "\n" : "") + text + "\n";
    std::fwrite(line.data(), 1, line.size(), stdout);
  }
  return 0;
}

inline int describe_token_file(const TokenFileOptions& options, const CommonOptions& common) {
  const TokenFile file{options.data};
  const auto ratio = [](Index a, Index b) { return static_cast<double>(a) / static_cast<double>(std::max<Index>(b, 1)); };
  char fingerprint[17];
  std::snprintf(fingerprint, sizeof fingerprint, "%016llx", static_cast<unsigned long long>(file.tokenizer()));
  Json result{{"data", options.data.string()},
              {"tokens", file.tokens()},
              {"documents", file.documents()},
              {"words", file.words()},
              {"bytes", file.bytes()},
              {"vocabulary", file.vocabulary()},
              {"end_of_text", file.end_of_text()},
              {"tokenizer", fingerprint}};
  std::printf("%s: %td tokens in %td documents, from %td words and %td bytes of text (%.3f tokens a word, %.2f bytes a token)\n",
              options.data.c_str(), file.tokens(), file.documents(), file.words(), file.bytes(),
              ratio(file.tokens(), file.words()), ratio(file.bytes(), file.tokens()));
  std::string end = "no token ends documents";
  if (file.end_of_text() >= 0) end = "token " + std::to_string(file.end_of_text()) + " ends documents";
  if (!options.tokenizer.empty()) {
    const Tokenizer tokenizer = tokenizer_of(file, options.tokenizer);
    if (file.end_of_text() >= 0) {
      result["end_token"] = tokenizer.token(file.end_of_text());
      end = "'" + tokenizer.token(file.end_of_text()) + "' (" + std::to_string(file.end_of_text()) + ") ends documents";
    }
  }
  std::printf("vocabulary %d, %s, tokenizer %s\n", static_cast<int>(file.vocabulary()), end.c_str(), fingerprint);
  print_result(common, result);
  return 0;
}

}  // namespace rondo::app
