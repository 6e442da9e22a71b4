// The command that continues texts (rondo/app/commands.hpp).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <rondo/app/commands.hpp>
#include <rondo/app/generate.hpp>
#include <rondo/core/compiled.hpp>

namespace rondo::app {

RONDO_DEFINED_ONCE void add_generating_commands(Commands& commands) {
  const auto options = std::make_shared<GenerateOptions>();
  const std::string& name = commands.name();
  CLI::App& command = commands.add("generate", "Continues prompts; text is streamed.",
                                   "generate --model run --prompt \"Once upon a time\" --tokens 50 --temperature 0.8\n  cat story.txt | " +
                                       name + " generate --model run --samples 3 --temperature 0.8 --json\n  " + name +
                                       " generate --model run --interactive",
                                   "of the draws (default 0)");
  add_model_option(command, options->model)->required();
  add_texts_option(command, "--prompt", options->prompts,
                   "text to continue, may be empty (-: standard input, which is read too where there is no prompt); may be given again");
  command.add_option("--prompt-file", options->prompt_files, "a file whose text to continue; may be given again")->allow_extra_args(false);
  command.add_flag("--interactive", options->interactive, "continues line after line of the standard input as one text");
  command.add_option("--samples", options->samples, "texts for each prompt")->check(whole_number_from(1))->capture_default_str();
  command.add_option("--tokens", options->tokens, "at most so many are made")->check(whole_number_from(1))->capture_default_str();
  add_texts_option(command, "--stop", options->stop, "a text ends in front of this; may be given again");
  command.add_option("--context", options->context, "tokens that an attention can look back at (default: the model's)")
      ->check(CLI::Range(Index{1}, largest_size));
  Sampling& sampling = options->sampling;
  command.add_option("--temperature", sampling.temperature, "0: always the most probable token")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command.add_option("--top-k", sampling.top_k, "among the k most probable (0: all)")->check(whole_number_from(0))->capture_default_str();
  command.add_option("--top-p", sampling.top_p, "among the smallest set of this probability")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command.add_option("--min-p", sampling.min_p, "at least this share of the largest probability")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command
      .add_option("--repetition-penalty", sampling.repetition_penalty, "more than 1: tokens that the text has already are less probable")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command.add_option("--tokenizer", options->tokenizer, "default: that of the model folder");
  commands.add_backend_option(command);
  commands.on(command, [options](const auto& served, const auto& common) {
    options->sampling.seed = Seed{common.seed.value_or(0)};
    return generate(served, *options, common);
  });
}

}  // namespace rondo::app
