// The command line of a program around some models (rondo/app/main.hpp).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <rondo/app/benchmark.hpp>
#include <rondo/app/command_line.hpp>
#include <rondo/app/common.hpp>
#include <rondo/app/compare.hpp>
#include <rondo/app/distill.hpp>
#include <rondo/app/evaluate.hpp>
#include <rondo/app/finetune.hpp>
#include <rondo/app/generate.hpp>
#include <rondo/app/logits.hpp>
#include <rondo/app/predictions.hpp>
#include <rondo/app/score.hpp>
#include <rondo/app/summary.hpp>
#include <rondo/app/teach.hpp>
#include <rondo/app/together.hpp>
#include <rondo/app/train.hpp>
#include <rondo/backend/cpu/use_threads.hpp>
#include <rondo/backend/cpu/wait_briefly.hpp>
#include <rondo/core/compiled.hpp>
#include <rondo/version.hpp>

namespace rondo::app {

RONDO_DEFINED_ONCE int run_program(int argc, char** argv, const std::vector<ServedModel>& served) {
  const std::string name = std::filesystem::path(argc > 0 ? argv[0] : "rondo").filename().string();
  CLI::App program{"Trains, evaluates and runs " + name + " language models. Each command has its own --help.", name};
  program.require_subcommand(1);
  program.set_version_flag("--version", version_text);
  CommonOptions common;
  std::function<int()> chosen;
  bool divides = false;  // whether the chosen command's work is divided among ranks
  // `seed`: what it is good for; empty: nothing is random.
  const auto command = [&](const char* verb, const std::string& purpose, const std::string& example, const std::string& seed = "") {
    CLI::App* result = program.add_subcommand(verb, purpose);
    result->footer("Example:\n  " + name + " " + example);
    add_threads_option(*result, common);
    CLI::Option* option = add_seed_option(*result, common, seed.empty() ? "taken, but nothing here is random" : seed);
    if (seed.empty()) option->group("");
    add_output_options(*result, common);
    return result;
  };
  const auto add_backend_option = [&](CLI::App* result) {
    result->add_option("--backend", common.backend, "cpu: float32, fast; reference: plain loops in double, the oracle")
        ->check(CLI::IsMember({"cpu", "reference"}))
        ->capture_default_str();
  };
  const auto add_model_option = [](CLI::App* result, std::filesystem::path& model) {
    return result->add_option("--model", model, "checkpoint folder or run");
  };

  TrainOptions train_options;
  CLI::App* train_command = command("train", "Trains a model on a token file made by `corpus encode`.",
                                    "train --data train.tokens --out run --set shape.width=256 --set train.steps=1000\n  mpirun -n 4 " + name +
                                        " train --data train.tokens --out run",
                                    "of the weights' start, the order of the data and dropout (default: that of --config, else 0)");
  add_train_options(*train_command, train_options);
  add_force_option(*train_command, common);
  train_command->callback([&] { divides = true, chosen = [&] { return train(served, train_options, common); }; });

  DistillOptions distill_options;
  CLI::App* distill_command =
      command("distill", "Trains a model as `train` does, on a mixture of the data's labels and what teachers say instead of them.",
              "distill --teacher large --data train.tokens --out small --set distill.alpha=0.5 --set distill.temperature=2",
              "of the weights' start, the order of the data and dropout (default: that of --config, else 0)");
  add_distill_options(*distill_command, distill_options);
  add_force_option(*distill_command, common);
  distill_command->callback([&] { divides = true, chosen = [&] { return distill(served, distill_options, common); }; });

  FinetuneOptions finetune_options;
  CLI::App* finetune_command =
      command("finetune", "Fine-tunes classifiers of GLUE's and SuperGLUE's tasks from a model, and measures them on held-out texts.",
              "finetune --model run --task rte --data glue --out tuned\n  " + name +
                  " finetune --model run --task all --data glue --out tuned --recipe 2025 --seeds 3",
              "of the heads' start, the order of the texts and dropout (default 12)");
  add_finetune_options(*finetune_command, finetune_options);
  finetune_command->callback([&] { chosen = [&] { return finetune(served, finetune_options, common); }; });

  TeachOptions teach_options;
  CLI::App* teach_command = command("teach", "Writes down what a model holds most probable for every token of a file, for students to learn from.",
                                    "teach --model large --data train.tokens --out train.cache --top 64\n  " + name +
                                        " distill --cache train.cache --data train.tokens --out small");
  add_teach_options(*teach_command, teach_options);
  teach_command->callback([&] { chosen = [&] { return teach(served, teach_options, common); }; });

  EvaluateOptions evaluate_options;
  CLI::App* evaluate_command = command(
      "evaluate",
      "Held-out loss, perplexity and bits per byte, with the standard error over documents (of few: over blocks of tokens).",
      "evaluate --model run --data held_out.tokens");
  add_model_option(evaluate_command, evaluate_options.model)->required();
  evaluate_command->add_option("--data", evaluate_options.data, "token file")->required();
  evaluate_command
      ->add_option("--window", evaluate_options.window,
                   "tokens read with one state (default: as the run trains, without a run 512)")
      ->check(whole_number_from(0));
  evaluate_command->add_option("--documents", evaluate_options.documents, "only the first so many documents (0: all)")
      ->check(whole_number_from(0))
      ->capture_default_str();
  add_backend_option(evaluate_command);
  evaluate_command->callback([&] {
    divides = true;
    chosen = [&] { return evaluate(served, evaluate_options, common); };
  });

  ScoreOptions score_options;
  CLI::App* score_command = command("score", "Accuracy on minimal pairs (BLiMP's form), with standard errors.",
                                    "score --model run --pairs corpus/pairs --out report.json");
  add_model_option(score_command, score_options.model)->required();
  score_command->add_option("--pairs", score_options.pairs, "a .jsonl file, or a folder of them (-: standard input)")->required();
  score_command->add_option("--out", score_options.out, "report as JSON");
  score_command->add_option("--items", score_options.items, "every pair with its log-probabilities and tokens, a JSON line each");
  score_command->add_option("--limit", score_options.limit, "only the first so many pairs of each file (0: all)")
      ->check(whole_number_from(0))
      ->capture_default_str();
  score_command->add_option("--tokenizer", score_options.tokenizer, "default: that of the model folder");
  add_backend_option(score_command);
  score_command->callback([&] { divides = true, chosen = [&] { return score(served, score_options, common); }; });

  CompareOptions compare_options;
  CLI::App* compare_command =
      command("compare", "The difference between two models on the items that both were scored on: error, p, which phenomena.",
              "score --model one --pairs blimp_filtered --items one.jsonl\n  " + name +
                  " score --model other --pairs blimp_filtered --items other.jsonl\n  " + name + " compare one.jsonl other.jsonl",
              "of the bootstrap's draws (default 0)");
  add_compare_options(*compare_command, compare_options);
  compare_command->callback([&] { chosen = [&] { return compare_results(compare_options, common); }; });

  PredictionsOptions predictions_options;
  CLI::App* predictions_command = command("predictions", "Scores a file of predictions (the BabyLM challenge's form) against the evaluation data.",
                                          "predictions --predictions predictions.json --data evaluation");
  add_predictions_options(*predictions_command, predictions_options);
  predictions_command->callback([&] { chosen = [&] { return score_prediction_file(predictions_options, common); }; });

  BenchmarkOptions benchmark_options;
  CLI::App* benchmark_command = command(
      "benchmark", "Scores on suites of tasks: BLiMP, its supplement, EWoK, entity tracking, WUG, COMPS, reading times, BEAR.",
      "benchmark --model run --suite babylm2025 --data evaluation/full_eval --out results\n  " + name +
          " benchmark --checkpoints run --suite babylm2024 --fast --data evaluation --data ewok --password P --out curves");
  add_benchmark_options(*benchmark_command, benchmark_options);
  add_backend_option(benchmark_command);
  benchmark_command->callback([&] { chosen = [&] { return benchmark(served, benchmark_options, common); }; });

  GenerateOptions generate_options;
  CLI::App* generate_command = command("generate", "Continues prompts; text is streamed.",
                                       "generate --model run --prompt \"Once upon a time\" --tokens 50 --temperature 0.8\n  cat story.txt | " +
                                           name + " generate --model run --samples 3 --temperature 0.8 --json\n  " + name +
                                           " generate --model run --interactive",
                                       "of the draws (default 0)");
  add_model_option(generate_command, generate_options.model)->required();
  add_texts_option(*generate_command, "--prompt", generate_options.prompts,
                   "text to continue, may be empty (-: standard input, which is read too where there is no prompt); may be given again");
  generate_command->add_option("--prompt-file", generate_options.prompt_files, "a file whose text to continue; may be given again")
      ->allow_extra_args(false);
  generate_command->add_flag("--interactive", generate_options.interactive, "continues line after line of the standard input as one text");
  generate_command->add_option("--samples", generate_options.samples, "texts for each prompt")
      ->check(whole_number_from(1))
      ->capture_default_str();
  generate_command->add_option("--tokens", generate_options.tokens, "at most so many are made")
      ->check(whole_number_from(1))
      ->capture_default_str();
  add_texts_option(*generate_command, "--stop", generate_options.stop, "a text ends in front of this; may be given again");
  generate_command->add_option("--context", generate_options.context, "tokens that an attention can look back at (default: the model's)")
      ->check(CLI::Range(Index{1}, largest_size));
  Sampling& sampling = generate_options.sampling;
  generate_command->add_option("--temperature", sampling.temperature, "0: always the most probable token")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  generate_command->add_option("--top-k", sampling.top_k, "among the k most probable (0: all)")
      ->check(whole_number_from(0))
      ->capture_default_str();
  generate_command->add_option("--top-p", sampling.top_p, "among the smallest set of this probability")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  generate_command->add_option("--min-p", sampling.min_p, "at least this share of the largest probability")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  generate_command
      ->add_option("--repetition-penalty", sampling.repetition_penalty, "more than 1: tokens that the text has already are less probable")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  generate_command->add_option("--tokenizer", generate_options.tokenizer, "default: that of the model folder");
  add_backend_option(generate_command);
  generate_command->callback([&] {
    chosen = [&] {
      generate_options.sampling.seed = Seed{common.seed.value_or(0)};
      return generate(served, generate_options, common);
    };
  });

  LogitsOptions logits_options;
  CLI::App* logits_command = command("logits", "Logits (and gradients) of token ids in a safetensors file.",
                                     "logits --model folder --input ids.safetensors --output logits.safetensors --gradients");
  add_model_option(logits_command, logits_options.model)->required();
  logits_command->add_option("--input", logits_options.input, "safetensors file with input_ids, I64 [batch, length]")->required();
  logits_command->add_option("--output", logits_options.output, "safetensors file to write")->required();
  logits_command->add_flag("--gradients", logits_options.gradients, "also the loss and its gradient by every weight");
  add_backend_option(logits_command);
  logits_command->callback([&] {
    chosen = [&] { return write_logits(served, logits_options, common); };
  });

  SummaryOptions summary_options;
  CLI::App* summary_command =
      command("summary", "The tree of weights, operations and memory of a model, and the time that training it takes.",
              "summary --set shape.width=512 --set shape.depth=8 --set train.tokens=10000000");
  add_model_option(summary_command, summary_options.model);
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

  if (const auto status = parse(program, argc, argv)) return *status;
  return guarded(name, [&] {
    use_threads(common.threads);
    wait_briefly(argv);
    return together(name, common, divides, chosen);
  });
}

}  // namespace rondo::app
