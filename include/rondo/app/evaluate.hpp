// `evaluate`: held-out loss, perplexity and bits per byte of a model on a token file.
#pragma once

#include <cstdio>
#include <filesystem>
#include <string>

#include <rondo/app/model_from_folder.hpp>
#include <rondo/app/progress.hpp>
#include <rondo/app/score.hpp>
#include <rondo/data/token_file.hpp>
#include <rondo/evaluate/held_out_windows.hpp>
#include <rondo/evaluate/split_scorer.hpp>
#include <rondo/io/number_text.hpp>

namespace rondo::app {

struct EvaluateOptions {
  std::filesystem::path model, data;
  Index window = 0;     // tokens with one state; 0: those of the model's training
  Index documents = 0;  // evaluate only the first so many; 0: all
};

// "5.9292 +- 0.0284"
inline std::string text_of(const HeldOutLoss& loss) {
  return fixed_text(loss.loss, 4) + (loss.has_error() ? " +- " + fixed_text(loss.standard_error, 4) : "");
}
inline Json to_json(const HeldOutLoss& loss) {
  return {{"loss", loss.loss},
          {"standard_error", loss.has_error() ? Json(loss.standard_error) : Json()},
          {"error", loss.error_text()},
          {"perplexity", loss.perplexity()},
          {"bits_per_byte", loss.bits_per_byte()},
          {"tokens", loss.tokens},
          {"documents", loss.documents},
          {"windows", loss.windows}};
}

// The window of a held-out loss where nothing else is said: the length that the run of this folder, or of this checkpoint, trains
// with, so that its own measurements and later ones are the same; 512 of a model without a run.
inline Index window_of(const std::filesystem::path& model) {
  Index window = 512;
  const std::filesystem::path folder = std::filesystem::weakly_canonical(model / ".");
  const bool checkpoint = folder.parent_path().filename() == "checkpoints";
  const std::filesystem::path file = (checkpoint ? folder.parent_path().parent_path() : folder) / "run.json";
  if (!std::filesystem::exists(file)) return window;
  read_object(
      read_json(file), file.string(),
      [&](ObjectReader& run) {
        run.object("train", [&](ObjectReader& train) { train.take("length", window, Between<Index>{1, 1 << 20}); });
      },
      Policy::foreign);
  return window;
}

inline int evaluate(const std::vector<ServedModel>& served, const EvaluateOptions& options, const CommonOptions& common) {
  const TokenFile file{options.data};
  const auto own = own_fingerprint(options.model);
  require(!own || *own == file.tokenizer(), options.data.string(), ": made with another tokenizer than that of ", options.model.string());
  const ModelFromFolder from{served, options.model, common};
  require(file.vocabulary() <= from.model->shape().vocabulary, options.data.string(), ": made for a vocabulary of ",
          file.vocabulary(), ", the model has ", from.model->shape().vocabulary);
  ProgressLine progress{common.quiet};
  const Index window = options.window > 0 ? options.window : window_of(options.model);
  const HeldOutWindows windows{file, window, {.documents = options.documents}};
  SplitScorer scorer{from.model->scorer(), common.ranks};
  const HeldOutLoss loss =
      held_out_loss(scorer, windows, [&](Index done) { progress.show("evaluating", done, windows.tokens(), "tokens"); });
  progress.finish();
  std::printf(
      "held-out loss %s nats per token, perplexity %.2f, %.4f bits per byte (%td tokens, %td documents, windows of %td; %s)\n",
      text_of(loss).c_str(), loss.perplexity(), loss.bits_per_byte(), loss.tokens, loss.documents, window,
      loss.error_text().c_str());
  print_result(common, to_json(loss));
  return 0;
}

}  // namespace rondo::app
