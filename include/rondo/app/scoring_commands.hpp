// The commands that measure a model on texts, or its results (rondo/app/commands.hpp).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <rondo/app/commands.hpp>
#include <rondo/app/compare.hpp>
#include <rondo/app/evaluate.hpp>
#include <rondo/app/logits.hpp>
#include <rondo/app/predictions.hpp>
#include <rondo/app/score.hpp>
#include <rondo/core/compiled.hpp>

namespace rondo::app {

RONDO_DEFINED_ONCE void add_scoring_commands(Commands& commands) {
  const std::string& name = commands.name();
  const auto evaluate_options = std::make_shared<EvaluateOptions>();
  CLI::App& evaluate_command = commands.add(
      "evaluate",
      "Held-out loss, perplexity and bits per byte, with the standard error over documents (of few: over blocks of tokens).",
      "evaluate --model run --data held_out.tokens");
  add_model_option(evaluate_command, evaluate_options->model)->required();
  evaluate_command.add_option("--data", evaluate_options->data, "token file")->required();
  evaluate_command
      .add_option("--window", evaluate_options->window, "tokens read with one state (default: as the run trains, without a run 512)")
      ->check(whole_number_from(0));
  evaluate_command.add_option("--documents", evaluate_options->documents, "only the first so many documents (0: all)")
      ->check(whole_number_from(0))
      ->capture_default_str();
  commands.add_backend_option(evaluate_command);
  commands.on(evaluate_command, evaluate_options, evaluate, true);

  const auto score_options = std::make_shared<ScoreOptions>();
  CLI::App& score_command = commands.add("score", "Accuracy on minimal pairs (BLiMP's form), with standard errors.",
                                         "score --model run --pairs corpus/pairs --out report.json");
  add_model_option(score_command, score_options->model)->required();
  score_command.add_option("--pairs", score_options->pairs, "a .jsonl file, or a folder of them (-: standard input)")->required();
  score_command.add_option("--out", score_options->out, "report as JSON");
  score_command.add_option("--items", score_options->items, "every pair with its log-probabilities and tokens, a JSON line each");
  score_command.add_option("--limit", score_options->limit, "only the first so many pairs of each file (0: all)")
      ->check(whole_number_from(0))
      ->capture_default_str();
  score_command.add_option("--tokenizer", score_options->tokenizer, "default: that of the model folder");
  commands.add_backend_option(score_command);
  commands.on(score_command, score_options, score, true);

  const auto logits_options = std::make_shared<LogitsOptions>();
  CLI::App& logits_command = commands.add("logits", "Logits (and gradients) of token ids in a safetensors file.",
                                          "logits --model folder --input ids.safetensors --output logits.safetensors --gradients");
  add_model_option(logits_command, logits_options->model)->required();
  logits_command.add_option("--input", logits_options->input, "safetensors file with input_ids, I64 [batch, length]")->required();
  logits_command.add_option("--output", logits_options->output, "safetensors file to write")->required();
  logits_command.add_flag("--gradients", logits_options->gradients, "also the loss and its gradient by every weight");
  commands.add_backend_option(logits_command);
  commands.on(logits_command, logits_options, write_logits);

  const auto compare_options = std::make_shared<CompareOptions>();
  CLI::App& compare_command =
      commands.add("compare", "The difference between two models on the items that both were scored on: error, p, which phenomena.",
                   "score --model one --pairs blimp_filtered --items one.jsonl\n  " + name +
                       " score --model other --pairs blimp_filtered --items other.jsonl\n  " + name + " compare one.jsonl other.jsonl",
                   "of the bootstrap's draws (default 0)");
  add_compare_options(compare_command, *compare_options);
  commands.on(compare_command, [compare_options](const auto&, const auto& common) { return compare_results(*compare_options, common); });

  const auto predictions_options = std::make_shared<PredictionsOptions>();
  CLI::App& predictions_command =
      commands.add("predictions", "Scores a file of predictions (the BabyLM challenge's form) against the evaluation data.",
                   "predictions --predictions predictions.json --data evaluation");
  add_predictions_options(predictions_command, *predictions_options);
  commands.on(predictions_command,
              [predictions_options](const auto&, const auto& common) { return score_prediction_file(*predictions_options, common); });
}

}  // namespace rondo::app
