// `evaluate`: held-out loss, perplexity and bits per byte of a model on a token file.
#pragma once

#include <cstdio>
#include <filesystem>

#include <rondo/app/model_from_folder.hpp>
#include <rondo/app/progress.hpp>
#include <rondo/app/score.hpp>
#include <rondo/data/token_file.hpp>
#include <rondo/evaluate/perplexity.hpp>

namespace rondo::app {

struct EvaluateOptions {
  std::filesystem::path model, data;
  Index window = 0;        // tokens with one state; 0: 512
  Index documents = 0;     // evaluate only the first so many; 0: all
};

inline Json to_json(const HeldOutLoss& loss) {
  return {{"loss", loss.loss},           {"standard_error", loss.standard_error}, {"perplexity", loss.perplexity()},
          {"bits_per_byte", loss.bits_per_byte()}, {"tokens", loss.tokens},       {"documents", loss.documents}};
}

// The loss of the documents of a token file; a document's first token is predicted from the end-of-text token before it.
inline HeldOutLoss held_out_loss(TextScorer& scorer, const TokenFile& file, Index vocabulary, Index window, Index documents,
                                 const std::function<void(Index)>& progress = {}) {
  require(file.vocabulary() <= vocabulary, file.path().string(), ": made for a vocabulary of ", file.vocabulary(),
          ", the model has ", vocabulary);
  Index next = 0;
  const Index end = documents > 0 ? std::min(documents, file.documents()) : file.documents();
  return held_out_loss(
      scorer,
      [&](std::vector<Token>& text) {
        if (next == end) return -1.0;
        const TokenView tokens = file.tokens(next);
        text.resize(static_cast<std::size_t>(tokens.size()));
        for (Index t = 0; t < tokens.size(); ++t) text[static_cast<std::size_t>(t)] = tokens[t];
        ++next;
        return static_cast<double>(file.begin_of(next).bytes - file.begin_of(next - 1).bytes);
      },
      window > 0 ? window : 512, file.end_of_text(), progress);
}

inline int evaluate(const std::vector<ServedModel>& served, const EvaluateOptions& options, const CommonOptions& common) {
  const TokenFile file{options.data};
  const auto own = own_fingerprint(options.model);
  require(!own || *own == file.tokenizer(), options.data.string(), ": made with another tokenizer than that of ", options.model.string());
  const ModelFromFolder from{served, options.model, common};
  ProgressLine progress{common.quiet};
  const Index documents = options.documents > 0 ? std::min(options.documents, file.documents()) : file.documents();
  const auto tokens = static_cast<Index>(file.begin_of(documents).tokens);
  const HeldOutLoss loss = held_out_loss(from.model->scorer(), file, from.model->shape().vocabulary, options.window,
                                         options.documents,
                                         [&](Index done) { progress.show("evaluating", done, tokens, "tokens"); });
  progress.finish();
  std::printf("held-out loss %.4f +- %.4f nats per token, perplexity %.2f, %.4f bits per byte (%td tokens, %td documents)\n",
              loss.loss, loss.standard_error, loss.perplexity(), loss.bits_per_byte(), loss.tokens, loss.documents);
  print_result(common, to_json(loss));
  return 0;
}

}  // namespace rondo::app
