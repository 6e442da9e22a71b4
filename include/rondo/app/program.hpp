// The command line of a program around some models (rondo/app/main.hpp).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <rondo/app/common.hpp>
#include <rondo/app/evaluate.hpp>
#include <rondo/app/generate.hpp>
#include <rondo/app/logits.hpp>
#include <rondo/app/score.hpp>
#include <rondo/app/summary.hpp>
#include <rondo/app/train.hpp>
#include <rondo/backend/cpu/use_threads.hpp>
#include <rondo/backend/cpu/wait_briefly.hpp>
#include <rondo/core/compiled.hpp>
#include <rondo/version.hpp>

namespace rondo::app {

inline void add_common_options(CLI::App& command, CommonOptions& common) {
  command.add_option("--threads", common.threads, "threads (0: as many as the process may use, fewer for small work)")
      ->check(CLI::NonNegativeNumber);
  add_seed_option(command, common, "of everything random (default 0)");
  command.add_flag("--quiet", common.quiet, "no progress, only results and errors");
  command.add_flag("--json", common.json, "the last line of the output is a JSON object");
}
inline void add_backend_option(CLI::App& command, CommonOptions& common) {
  command.add_option("--backend", common.backend, "cpu: float32, fast; reference: plain loops in double, the oracle")
      ->check(CLI::IsMember({"cpu", "reference"}));
}

RONDO_DEFINED_ONCE int run_program(int argc, char** argv, const std::vector<ServedModel>& served) {
  const std::string name = std::filesystem::path(argc > 0 ? argv[0] : "rondo").filename().string();
  CLI::App program{"Trains, evaluates and runs " + name + " language models. Each command has its own --help."};
  program.require_subcommand(1);
  program.set_version_flag("--version", version_text);
  CommonOptions common;
  std::function<int()> chosen;
  const auto command = [&](const char* verb, const std::string& purpose, const std::string& example) {
    CLI::App* result = program.add_subcommand(verb, purpose);
    result->footer("Example:\n  " + name + " " + example);
    add_common_options(*result, common);
    return result;
  };

  TrainOptions train_options;
  CLI::App* train_command = command("train", "Trains a model on a token file made by `corpus encode`.",
                                    "train --data train.tokens --out run --set shape.width=256 --set train.steps=1000");
  add_train_options(*train_command, train_options);
  train_command->callback([&] { chosen = [&] { return train(served, train_options, common); }; });

  EvaluateOptions evaluate_options;
  CLI::App* evaluate_command = command(
      "evaluate",
      "Held-out loss, perplexity and bits per byte, with the standard error over documents (of few: over blocks of tokens).",
      "evaluate --model run --data held_out.tokens");
  evaluate_command->add_option("--model", evaluate_options.model, "checkpoint folder or run")->required();
  evaluate_command->add_option("--data", evaluate_options.data, "token file")->required();
  evaluate_command
      ->add_option("--window", evaluate_options.window,
                   "tokens read with one state (default: as the run trains, without a run 512)")
      ->check(CLI::NonNegativeNumber);
  evaluate_command->add_option("--documents", evaluate_options.documents, "only the first so many documents (0: all)")
      ->check(CLI::NonNegativeNumber);
  add_backend_option(*evaluate_command, common);
  evaluate_command->callback([&] {
    chosen = [&] { return evaluate(served, evaluate_options, common); };
  });

  ScoreOptions score_options;
  CLI::App* score_command = command("score", "Accuracy on minimal pairs (BLiMP's form), with standard errors.",
                                    "score --model run --pairs corpus/pairs --out report.json");
  score_command->add_option("--model", score_options.model, "checkpoint folder or run")->required();
  score_command->add_option("--pairs", score_options.pairs, "a .jsonl file, or a folder of them")->required();
  score_command->add_option("--out", score_options.out, "report as JSON");
  score_command->add_option("--tokenizer", score_options.tokenizer, "instead of the model folder's");
  score_command->callback([&] { chosen = [&] { return score(served, score_options, common); }; });

  GenerateOptions generate_options;
  CLI::App* generate_command = command("generate", "Continues a prompt; text is streamed.",
                                       "generate --model run --prompt \"Once upon a time\" --tokens 50 --temperature 0.8");
  generate_command->add_option("--model", generate_options.model, "checkpoint folder or run")->required();
  generate_command->add_option("--prompt", generate_options.prompt, "text to continue (may be empty)");
  generate_command->add_option("--tokens", generate_options.tokens, "at most so many (default 100)");
  generate_command->add_option("--context", generate_options.context, "tokens that an attention can look back at (default: the model's)")
      ->check(CLI::Range(Index{1}, largest_size));
  generate_command->add_option("--temperature", generate_options.sampling.temperature, "0: always the most probable token");
  generate_command->add_option("--top-k", generate_options.sampling.top_k, "among the k most probable");
  generate_command->add_option("--top-p", generate_options.sampling.top_p, "among the smallest set of this probability");
  generate_command->add_option("--min-p", generate_options.sampling.min_p, "at least this share of the largest probability");
  generate_command->add_option("--tokenizer", generate_options.tokenizer, "instead of the model folder's");
  generate_command->callback([&] {
    chosen = [&] {
      generate_options.sampling.seed = Seed{common.seed.value_or(0)};
      return generate(served, generate_options, common);
    };
  });

  LogitsOptions logits_options;
  CLI::App* logits_command = command("logits", "Logits (and gradients) of token ids in a safetensors file.",
                                     "logits --model folder --input ids.safetensors --output logits.safetensors --gradients");
  logits_command->add_option("--model", logits_options.model, "checkpoint folder or run")->required();
  logits_command->add_option("--input", logits_options.input, "safetensors file with input_ids, I64 [batch, length]")->required();
  logits_command->add_option("--output", logits_options.output, "safetensors file to write")->required();
  logits_command->add_flag("--gradients", logits_options.gradients, "also the loss and its gradient by every weight");
  add_backend_option(*logits_command, common);
  logits_command->callback([&] {
    chosen = [&] { return write_logits(served, logits_options, common); };
  });

  SummaryOptions summary_options;
  CLI::App* summary_command =
      command("summary", "The tree of weights, operations and memory of a model, and the time that training it takes.",
              "summary --set shape.width=512 --set shape.depth=8 --set train.tokens=10000000");
  summary_command->add_option("--model", summary_options.model, "checkpoint folder or run");
  summary_command->add_option(
      "--set", summary_options.settings,
      "a setting, as shape.width=512, composition=NAME or train.steps=1000 (train --settings lists them)");
  summary_command->add_option("--batch", summary_options.batch, "sequences of a training step (default: train.batch)")
      ->check(CLI::Range(1, 1 << 20));
  summary_command
      ->add_option("--length", summary_options.length,
                   "tokens of a sequence (default: train.length, or the context where that is less)")
      ->check(CLI::Range(0, 1 << 20));
  summary_command->add_flag("--untimed", summary_options.untimed, "without the steps that tell how long training takes");
  summary_command->callback([&] {
    chosen = [&] { return summary(served, summary_options, common); };
  });

  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return program.exit(problem) == 0 ? 0 : 2;
  }
  return guarded(name, [&] {
    use_threads(common.threads);
    wait_briefly(argv);
    return chosen();
  });
}

}  // namespace rondo::app
