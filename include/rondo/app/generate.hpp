// `generate`: continues prompts, streamed as the text is made.
//
//   generate --model run --prompt "Once upon a time" --samples 3      a prompt several times; --prompt and --prompt-file may be given again
//   cat prompt.txt | generate --model run                             without the line end at its end; so too of files
//   generate --model run --interactive                                a line, what the model makes of it, the next line, ...
//
// A text ends after --tokens tokens, at a token that ends texts, in front of a stop string, or where an attention can look back no
// further: its context is full. None of them is a failure; --json says which it was.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <iostream>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rondo/app/score.hpp>
#include <rondo/data/tokenizer/utf8.hpp>
#include <rondo/generate/sampler.hpp>
#include <rondo/generate/stop_strings.hpp>
#include <rondo/generate/streamed_text.hpp>
#include <rondo/io/input_text.hpp>

namespace rondo::app {

struct GenerateOptions {
  std::filesystem::path model, tokenizer;
  std::vector<std::string> prompts;  // "-": the standard input
  std::vector<std::filesystem::path> prompt_files;
  std::vector<std::string> stop;
  Index tokens = 100;
  Index samples = 1;  // of each prompt
  Index context = 0;  // 0: the model's
  bool interactive = false;
  Sampling sampling{};
};

// A text that is told to a model and continued by it, in turns.
class ContinuedText {
 public:
  enum class End { tokens, end_of_text, stop, context };
  using Show = std::function<void(const std::string& piece)>;
  struct Turn {
    std::string text;  // all of the text so far; where a stop string ended it, up to there
    std::string made;  // what the model has added to it
    Index tokens = 0;
    End end = End::tokens;
    double seconds = 0;  // from its first token on
  };

  // The model forgets what it was told before.
  ContinuedText(LoadedModel& model, const Tokenizer& tokenizer, const Sampling& sampling, std::vector<std::string> stop = {},
                Index context = 0)
      : model_(&model), tokenizer_(&tokenizer), sampler_(sampling), stop_(std::move(stop)) {
    model.begin_text(context);
    if (const Token border = text_border(tokenizer); border >= 0) waiting_.push_back(border);
  }

  // Whether the model has room for `added`.
  [[nodiscard]] bool has_room(std::span<const Token> added) const {
    return std::ssize(waiting_) + std::ssize(added) <= model_->room();
  }

  // Adds `added` to the text, and at most `most` tokens of the model's; show(piece) is given what is certain of them.
  Turn go_on(std::span<const Token> added, Index most, const Show& show = {}) {
    waiting_.insert(waiting_.end(), added.begin(), added.end());
    text_.insert(text_.end(), added.begin(), added.end());
    require(!waiting_.empty(), "--prompt: empty, and the tokenizer has no token that begins texts");
    sampler_.read(waiting_);
    const auto decode = [&](std::span<const Token> ids) { return tokenizer_->decode(ids); };
    const std::string before = decode(text_);
    StreamedText stream{decode, text_};
    StopStrings stop{stop_};
    Turn turn;
    const auto print = [&](const std::string& piece) {
      turn.made += piece;
      if (show) show(piece);
    };
    std::optional<std::chrono::steady_clock::time_point> start;
    for (;;) {
      const View<const float> logits = model_->feed(waiting_);
      const Token next = sampler_(logits);
      waiting_ = {next};
      if (tokenizer_->special_ids().ends_text(next)) {
        turn.end = End::end_of_text;
        break;
      }
      if (!start) start = std::chrono::steady_clock::now();
      text_.push_back(next);
      sampler_.read(waiting_);
      ++turn.tokens;
      print(stop.add(stream.add(next)));
      if (stop.met() || turn.tokens == most) break;
      if (model_->room() == 0) {
        turn.end = End::context;
        break;
      }
    }
    if (!stop.met()) print(stop.add(stream.rest()));
    if (!stop.met()) print(stop.rest());
    if (stop.met()) turn.end = End::stop;
    if (start) turn.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - *start).count();
    turn.text = stop.met() ? before + turn.made : decode(text_);
    return turn;
  }

 private:
  LoadedModel* model_;
  const Tokenizer* tokenizer_;
  Sampler sampler_;
  std::vector<std::string> stop_;
  std::vector<Token> text_;
  std::vector<Token> waiting_;  // tokens that the model has not yet been told
};

// What an input has for a prompt: all but the line end at its end.
inline std::string prompt_of(const std::filesystem::path& path) {
  const InputText input{path};
  std::string_view text = input.text();
  require_utf8(text, input.name());
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return std::string(text);
}

// What was piped in where no prompt is given. Many programs are started with a pipe that nobody writes to: it is waited for a while.
inline std::string piped_prompt() {
  constexpr int patience = 5000;  // milliseconds
  struct stat status {};
  if (::fstat(STDIN_FILENO, &status) != 0 || S_ISCHR(status.st_mode)) return {};
  pollfd input{STDIN_FILENO, POLLIN, 0};
  if (::poll(&input, 1, patience) > 0) return prompt_of("-");
  std::fprintf(stderr, "note: nothing comes from the standard input: the prompt is empty (--prompt - waits for it)\n");
  return {};
}

inline std::vector<std::string> prompts_of(const GenerateOptions& options) {
  std::vector<std::string> prompts;
  for (const std::string& prompt : options.prompts) prompts.push_back(prompt == "-" ? prompt_of("-") : prompt);
  for (const std::filesystem::path& file : options.prompt_files) prompts.push_back(prompt_of(file));
  if (prompts.empty() && !options.interactive) prompts.push_back(piped_prompt());
  return prompts;
}

// Prints turns as they are made, and remembers them.
class TurnPrinter {
 public:
  TurnPrinter(const GenerateOptions& options, const CommonOptions& common) : options_(&options), common_(&common) {}

  static void print(std::string_view piece) {  // zero bytes too
    std::fwrite(piece.data(), 1, piece.size(), stdout);
    std::fflush(stdout);
  }
  ContinuedText::Turn go_on(ContinuedText& text, const std::string& prompt, std::span<const Token> ids) {
    ContinuedText::Turn turn = text.go_on(ids, options_->tokens, print);
    print("\n");
    tokens_ += turn.tokens;
    timed_ += std::max<Index>(turn.tokens - 1, 0);
    seconds_ += turn.seconds;
    if (turn.end == ContinuedText::End::context) say_context_is_full();
    constexpr const char* names[] = {"tokens", "end_of_text", "stop", "context"};
    turns_.push_back({{"prompt", prompt},
                      {"text", turn.text},
                      {"made", turn.made},
                      {"tokens", turn.tokens},
                      {"end", names[static_cast<int>(turn.end)]}});
    return turn;
  }
  void say_context_is_full() const {
    if (!common_->quiet) std::fprintf(stderr, "note: the text ends with the model's context; --context may give it a longer one\n");
  }
  void finish() const {
    const double rate = seconds_ > 0 ? static_cast<double>(timed_) / seconds_ : 0;
    if (!common_->quiet) std::fprintf(stderr, "%td tokens, %.1f tokens/s\n", tokens_, rate);
    Json result{{"tokens", tokens_}, {"tokens_per_second", rate}};
    if (turns_.size() == 1) {
      for (const char* member : {"text", "made", "end"}) result[member] = turns_.front()[member];
    } else {
      result["texts"] = turns_;
    }
    print_result(*common_, result);
  }

 private:
  const GenerateOptions* options_;
  const CommonOptions* common_;
  Json turns_ = Json::array();
  Index tokens_ = 0, timed_ = 0;
  double seconds_ = 0;
};

// Lines of the standard input, each continued. Before a line stands what ended the turn before it: a stop string, the token that ends
// texts, else a line end.
inline void converse(LoadedModel& model, const Tokenizer& tokenizer, const GenerateOptions& options, const CommonOptions& common,
                     std::vector<std::string> lines, TurnPrinter& printer) {
  ContinuedText text{model, tokenizer, options.sampling, options.stop, options.context};
  const bool ask = ::isatty(STDIN_FILENO) == 1 && !common.quiet;
  bool line_end = false;
  for (std::size_t next = 0;; ++next) {
    if (next == lines.size()) {
      if (ask) std::fputs("> ", stderr);
      std::string line;
      if (!std::getline(std::cin, line)) return;
      if (line.ends_with('\r')) line.pop_back();
      lines.push_back(std::move(line));
    } else {
      TurnPrinter::print(lines[next]);
    }
    const std::vector<Token> ids = tokenizer.encode(line_end ? "\n" + lines[next] : lines[next]).ids;
    if (!text.has_room(ids)) return printer.say_context_is_full();
    const auto end = printer.go_on(text, lines[next], ids).end;
    if (end == ContinuedText::End::context) return;
    line_end = end == ContinuedText::End::tokens;
  }
}

inline int generate(const std::vector<ServedModel>& served, const GenerateOptions& options, const CommonOptions& common) {
  const bool from_input = std::find(options.prompts.begin(), options.prompts.end(), "-") != options.prompts.end();
  require_usage(!options.interactive || (options.samples == 1 && !from_input), "--interactive: reads lines of the standard input, ",
                "and continues each of them once");
  static_cast<void>(Sampler{options.sampling}), static_cast<void>(StopStrings{options.stop});  // what is wrong with them is said at once
  const Tokenizer tokenizer = tokenizer_of(options.tokenizer, options.model);
  const std::vector<std::string> prompts = prompts_of(options);
  const ModelFromFolder from{served, options.model, common, options.context};
  require_fits(tokenizer, options.tokenizer.empty() ? options.model : options.tokenizer, from.model->shape().vocabulary);
  TurnPrinter printer{options, common};
  if (options.interactive) {
    converse(*from.model, tokenizer, options, common, prompts, printer);
    printer.finish();
    return 0;
  }
  for (const std::string& prompt : prompts) {
    const std::vector<Token> ids = tokenizer.encode(prompt).ids;
    for (Index sample = 0; sample < options.samples; ++sample) {
      Sampling sampling = options.sampling;
      sampling.number = sample;
      ContinuedText text{*from.model, tokenizer, sampling, options.stop, options.context};
      require(text.has_room(ids), "--prompt: ", ids.size(), " tokens, more than the model's context of ",
              options.context > 0 ? std::min(options.context, from.model->shape().context) : from.model->shape().context, " holds");
      if (&prompt != &prompts.front() || sample > 0) TurnPrinter::print("\n");
      TurnPrinter::print(prompt);
      printer.go_on(text, prompt, ids);
    }
  }
  printer.finish();
  return 0;
}

}  // namespace rondo::app
