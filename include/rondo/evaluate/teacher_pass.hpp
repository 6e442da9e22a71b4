// A teacher's pass over a corpus, whose most probable outcomes go to its cache (rondo/data/teacher_cache.hpp).
//
//   TeacherPass<Cpu> pass{evaluation};                     a model with its weights (rondo/model/evaluation.hpp)
//   pass.write(data, writer, {.chunk = 256}, progress);    the mean share of the mass that is stored; progress(tokens written), and an
//                                                          exception of its stops the pass, which another writer of the same cache
//                                                          goes on with
//
// Documents are cut into chunks as batches of Packing::documents cut them, and each is read from a fresh state: its first input is the
// token before it, or the end-of-text token before a document. About `batch_tokens` tokens are read at once. Without an end-of-text token
// a document's first token is predicted by nothing, and is absent.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <rondo/data/packing.hpp>
#include <rondo/data/teacher_cache.hpp>
#include <rondo/model/evaluation.hpp>
#include <rondo/objective/logit_blocks.hpp>
#include <rondo/objective/top_outcomes.hpp>

namespace rondo {

struct TeacherPassOptions {
  Index chunk = 256;
  Index batch_tokens = 4096;
};

template <class Backend>
class TeacherPass {
  using Context = typename Backend::Context;
  static_assert(Context::place == Place::host, "rondo: a teacher's pass reads its outcomes on the host");

 public:
  // The model must outlive the pass.
  explicit TeacherPass(const Evaluation<Backend>& model, std::shared_ptr<Context> context = std::make_shared<Context>())
      : model_(&model), context_(std::move(context)) {}

  template <TokenSource Source>
  double write(const Source& data, TeacherCacheWriter& writer, const TeacherPassOptions& options = {},
             const std::function<void(Index tokens)>& progress = {}) {
    const TeacherCacheInfo& info = writer.info();
    require(static_cast<Index>(info.vocabulary) == model_->outputs(), "teacher: a cache for a vocabulary of ", info.vocabulary,
            ", the teacher has one of ", model_->outputs());
    const Cutting cutting{data, Packing::documents, options.chunk};
    const Index before = data.end_of_text() >= 0 ? 0 : 1;  // tokens of a document that nothing predicts
    const auto predicted = [&](const Piece& piece) { return std::pair{piece.begin + before, std::min(piece.end + before, piece.last)}; };
    const auto flush = [&] {
      pass(info, writer);
      if (progress) progress(writer.written());
    };
    bool begun = false;
    for (Index unit = 0; unit < cutting.units(); ++unit) {
      const Piece piece = cutting.unit(unit);
      const auto [begin, end] = predicted(piece);
      const Index from = piece.begin == piece.first ? piece.begin : begin;  // with what is absent before it
      if (end <= writer.written() && !begun) continue;
      if (!std::exchange(begun, true)) writer.cut_to(std::min(from, writer.written()));
      if (!ids_.empty() && std::ssize(ids_) + end - begin > options.batch_tokens) flush();
      chunks_.push_back({begin - from, end - begin});
      if (end == begin) continue;
      sequences_.push_back({std::ssize(ids_), end - begin, 0});
      if (before == 0 && piece.begin == piece.first) ids_.push_back(data.end_of_text());
      const Index first = begin - 1 + std::ssize(ids_) - sequences_.back().begin;  // input that the data has
      const auto place = ids_.size();
      ids_.resize(place + static_cast<std::size_t>(end - 1 - first));
      data.all().middle(first, end - 1 - first).copy(ids_.data() + place);
    }
    flush();
    return predicted_ > 0 ? stored_mass_ / static_cast<double>(predicted_) : 1;
  }

 private:
  struct Chunk {
    Index absent, predicted;
  };

  void pass(const TeacherCacheInfo& info, TeacherCacheWriter& writer) {
    auto& c = *context_;
    const auto tokens = static_cast<Index>(ids_.size()), top = static_cast<Index>(info.top);
    outcomes_.resize(static_cast<std::size_t>(tokens * top));
    log_probabilities_.resize(static_cast<std::size_t>(tokens * (top + 1)));
    if (tokens > 0) {
      c.begin(sequences_, Tokens{ids_.data(), 1, tokens});
      auto mark = c.mark();
      const Out<Context> hidden = c.matrix(tokens, model_->shape().width);
      model_->hidden(c, hidden);
      const View<Token> ids{outcomes_.data(), tokens, top};
      const View<typename Backend::Scalar> log_probabilities{log_probabilities_.data(), tokens, top + 1};
      each_block(c, tokens, 256, model_->outputs(), [&](Index begin, Out<Context> logits) {
        model_->logits(c, hidden.middle_rows(begin, logits.rows), logits);
        c.row_by_row(TopOutcomesRow{info.temperature}, In<Context>(logits), ids.middle_rows(begin, logits.rows),
                     log_probabilities.middle_rows(begin, logits.rows));
      });
    }
    Index row = 0;
    std::vector<float> numbers(static_cast<std::size_t>(top + 1));
    for (const Chunk& chunk : chunks_) {
      for (Index i = 0; i < chunk.absent; ++i) writer.append_absent();
      for (Index i = 0; i < chunk.predicted; ++i, ++row) {
        std::transform(log_probabilities_.begin() + row * (top + 1), log_probabilities_.begin() + (row + 1) * (top + 1), numbers.begin(),
                       [](auto number) { return static_cast<float>(number); });
        stored_mass_ += 1 - std::exp(double{numbers.back()});
        ++predicted_;
        writer.append(std::span<const Token>(outcomes_.data() + row * top, static_cast<std::size_t>(top)), numbers);
      }
    }
    ids_.clear();
    sequences_.clear();
    chunks_.clear();
  }

  const Evaluation<Backend>* model_;
  std::shared_ptr<Context> context_;
  std::vector<Token> ids_, outcomes_;
  std::vector<typename Backend::Scalar> log_probabilities_;
  std::vector<Sequence> sequences_;
  std::vector<Chunk> chunks_;
  double stored_mass_ = 0;
  Index predicted_ = 0;
};

}  // namespace rondo
