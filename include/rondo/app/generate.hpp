// `generate`: continues a prompt, streamed as it is made.
#pragma once

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>

#include <rondo/app/score.hpp>
#include <rondo/generate/sampler.hpp>
#include <rondo/generate/session.hpp>

namespace rondo::app {

struct GenerateOptions {
  std::filesystem::path model, tokenizer;
  std::string prompt;
  index tokens = 100;
  Sampling sampling{};
};

// What of `text` may be printed: all but an incomplete character at its end.
inline std::size_t complete_characters(const std::string& text) {
  std::size_t end = text.size();
  while (end > 0 && (static_cast<unsigned char>(text[end - 1]) & 0xC0U) == 0x80U) --end;
  if (end == 0) return text.size();
  const auto lead = static_cast<unsigned char>(text[end - 1]);
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
  return end - 1 + length <= text.size() ? text.size() : end - 1;
}

template <class Served, class Backend>
int generate(const GenerateOptions& options, const CommonOptions& common) {
  require(options.tokens > 0, "--tokens: expected at least 1, found ", options.tokens);
  const ModelFolder folder{options.model};
  return Served::with(folder, [&]<class Model>(const Shape& shape) {
    const Model model{shape};
    const auto weights = folder.template parameters<Backend>(model);
    const Tokenizer tokenizer = tokenizer_of(options.tokenizer, options.model, shape.vocabulary);
    std::vector<Token> ids;
    const Token border = text_border(tokenizer);
    if (border >= 0) ids.push_back(border);
    const auto prompt = tokenizer.encode(options.prompt).ids;
    ids.insert(ids.end(), prompt.begin(), prompt.end());
    require(!ids.empty(), "--prompt: empty, and the tokenizer has no token that begins texts");
    Session<Model, Backend> session{model, weights};
    Sampler sampler{options.sampling};
    std::fputs(options.prompt.c_str(), stdout);
    // Printed is what decoding the whole continuation adds, so that characters of several tokens come out whole.
    std::vector<Token> made = prompt;
    std::size_t printed = tokenizer.decode(made).size();
    auto logits = session.feed(ids);
    const auto start = std::chrono::steady_clock::now();
    index count = 0;
    for (; count < options.tokens; ++count) {
      const Token next = sampler(logits);
      if (next == tokenizer.special_ids().end_of_text) break;
      made.push_back(next);
      const std::string text = tokenizer.decode(made);
      const std::size_t end = complete_characters(text);
      if (end > printed) std::fwrite(text.data() + printed, 1, end - printed, stdout);
      printed = std::max(printed, end);
      std::fflush(stdout);
      if (count + 1 < options.tokens) logits = session.feed(next);
    }
    std::fputc('\n', stdout);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (!common.quiet) std::fprintf(stderr, "%td tokens, %.1f tokens/s\n", count, static_cast<double>(count) / seconds);
    print_result(common, {{"tokens", count}, {"tokens_per_second", static_cast<double>(count) / seconds},
                          {"text", tokenizer.decode(made)}});
    return 0;
  });
}

}  // namespace rondo::app
