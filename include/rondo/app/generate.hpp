// `generate`: continues a prompt, streamed as it is made.
#pragma once

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <rondo/app/score.hpp>
#include <rondo/generate/sampler.hpp>
#include <rondo/generate/streamed_text.hpp>

namespace rondo::app {

struct GenerateOptions {
  std::filesystem::path model, tokenizer;
  std::string prompt;
  Index tokens = 100;
  Index context = 0;  // tokens of the cache; 0: as many as are needed, at most the model's
  Sampling sampling{};
};

// Continues a prompt of ids by at most `tokens`; made(token) for each.
inline Index continue_text(LoadedModel& model, const Tokenizer& tokenizer, const std::vector<Token>& prompt, Sampler& sampler,
                           Index tokens, const std::function<void(Token)>& made) {
  std::vector<Token> ids = prompt;
  if (const Token border = text_border(tokenizer); border >= 0) ids.insert(ids.begin(), border);
  require(!ids.empty(), "--prompt: empty, and the tokenizer has no token that begins texts");
  View<const float> logits = model.feed(ids);
  for (Index count = 0; count < tokens; ++count) {
    const Token next = sampler(logits);
    if (tokenizer.special_ids().ends_text(next)) return count;
    made(next);
    if (count + 1 < tokens) logits = model.feed({&next, 1});
  }
  return tokens;
}

inline int generate(const std::vector<ServedModel>& served, const GenerateOptions& options, const CommonOptions& common) {
  require(options.tokens > 0, "--tokens: expected at least 1, found ", options.tokens);
  Sampler sampler{options.sampling};
  const Tokenizer tokenizer = tokenizer_of(options.tokenizer, options.model);
  const std::vector<Token> prompt = tokenizer.encode(options.prompt).ids;
  const Index needed = std::ssize(prompt) + 1 + options.tokens;
  const ModelFromFolder from{served, options.model, common, options.context > 0 ? Context{options.context, true} : Context{needed, false}};
  require_fits(tokenizer, options.tokenizer.empty() ? options.model : options.tokenizer, from.model->shape().vocabulary);
  std::vector<Token> all = prompt;
  StreamedText text{[&](std::span<const Token> ids) { return tokenizer.decode(ids); }, prompt};
  const auto print = [](const std::string& piece) {  // zero bytes too
    std::fwrite(piece.data(), 1, piece.size(), stdout);
    std::fflush(stdout);
  };
  print(options.prompt);
  std::optional<std::chrono::steady_clock::time_point> start;  // once the prompt is read
  const Index count = continue_text(*from.model, tokenizer, prompt, sampler, options.tokens, [&](Token next) {
    if (!start) start = std::chrono::steady_clock::now();
    all.push_back(next);
    print(text.add(next));
  });
  print(text.rest() + "\n");
  const auto now = std::chrono::steady_clock::now();
  const double seconds = std::chrono::duration<double>(now - start.value_or(now)).count();
  const double rate = seconds > 0 ? static_cast<double>(count - 1) / seconds : 0;
  if (!common.quiet) std::fprintf(stderr, "%td tokens, %.1f tokens/s\n", count, rate);
  print_result(common, {{"tokens", count}, {"tokens_per_second", rate}, {"text", tokenizer.decode(all)}});
  return 0;
}

}  // namespace rondo::app
