// The program `logits`: a model's logits, loss and gradients for given tokens, as a file to compare with other implementations.
//
//   write_logits<Cpu, Compositions<Hgrn2, Hgrn2Tied>>({.model = "folder", .input = "x.safetensors", .output = "y.safetensors"});
//
// Reads I64 `input_ids` [B, T]; writes F32 `logits` [B, T, vocabulary]. With `gradients` also F32 `loss` [1], the mean next-token
// cross-entropy over the B (T - 1) predictions, and `grad.NAME`, its gradients under the names of the folder's own tensors; T = 1
// has no loss: the logits alone. Throws Error for ids outside the vocabulary.
//
// TokenGrid and LogitsPass are the same for other callers: logits in blocks of rows, gradients into Parameters.
#pragma once

#include <rondo/model/checkpoint/writer.hpp>
#include <rondo/objective/cross_entropy.hpp>

namespace rondo {

// B sequences of T tokens each, one after the other.
struct TokenGrid {
  std::vector<Token> ids;
  index sequences = 0, length = 0;

  [[nodiscard]] index tokens() const { return sequences * length; }
  // Label of each token: the next one of its sequence.
  [[nodiscard]] std::vector<Token> labels(int ignore_index) const {
    std::vector<Token> result(ids.size(), ignore_index);
    for (std::size_t i = 0; i + 1 < ids.size(); ++i)
      if ((static_cast<index>(i) + 1) % length != 0) result[i] = ids[i + 1];
    return result;
  }
};

inline TokenGrid read_token_grid(const StoredTensor& tensor, index vocabulary) {
  if (tensor.shape.size() != 2 || tensor.elements() == 0)
    throw tensor.mismatch("shape [sequences, length], neither 0", "shape " + shape_text(tensor.shape));
  TokenGrid grid{{}, tensor.shape[0], tensor.shape[1]};
  for (const std::int64_t id : tensor.read<std::int64_t>()) {
    if (id < 0 || id >= vocabulary)
      throw tensor.mismatch("ids from 0 to " + std::to_string(vocabulary - 1) + " (the model's vocabulary)",
                            std::to_string(id) + " at place " + std::to_string(grid.ids.size()));
    grid.ids.push_back(static_cast<Token>(id));
  }
  return grid;
}

template <class Model, class Backend>
class LogitsPass {
 public:
  using Scalar = typename Backend::Scalar;

  // Both must outlive the pass.
  LogitsPass(const Parameters<Model, Backend>& weights, const TokenGrid& grid) : weights_(weights), grid_(grid) {}

  // act(rows): all logits in order, some rows [n, vocabulary] at a time. Memory for no more than about 4096 tokens.
  template <class Act>
  void each_logits(Act act) {
    const index group = std::max<index>(1, 4096 / grid_.length);
    for (index first = 0; first < grid_.sequences; first += group) {
      auto mark = c_.mark();
      const Tokens ids = begin(first, std::min(group, grid_.sequences - first));
      const Out<Context> hidden = c_.matrix(ids.columns, model().shape().width);
      model().evaluate(c_, weights_.record(), ids, hidden, {});
      const Out<Context> logits = c_.matrix(std::min(rows_at_once, ids.columns), model().shape().vocabulary);
      for (index row = 0; row < ids.columns; row += rows_at_once) {
        const Out<Context> rows = logits.middle_rows(0, std::min(rows_at_once, ids.columns - row));
        model().logits(c_, weights_.record(), hidden.middle_rows(row, rows.rows), rows);
        act(View<const Scalar>(rows));
      }
    }
  }

  // Returns the mean loss; adds its gradients. The length must be at least 2.
  double gradients(Parameters<Model, Backend>& gradients) {
    require(grid_.length > 1, "sequences of one token have no next token and so no loss");
    auto mark = c_.mark();
    const CrossEntropy objective{};
    const Tokens ids = begin(0, grid_.sequences);
    const std::vector<Token> labels = grid_.labels(objective.options.ignore_index);
    const index width = model().shape().width;
    RecordBuffer<SavedRecords, Model, Scalar, typename Backend::Memory> saved{SavedRecords{c_.extent()}, model()};
    const Out<Context> hidden = c_.matrix(ids.columns, width), d_hidden = c_.matrix(ids.columns, width);
    model().forward(c_, weights_.record(), ids, hidden, saved.record(), {});
    const auto count = static_cast<double>(grid_.sequences * (grid_.length - 1));
    const auto loss = objective.gradient(c_, model(), weights_.record(), hidden, Tokens{labels.data(), 1, ids.columns}, 1 / count,
                                         d_hidden, gradients.record());
    model().backward(c_, weights_.record(), ids, d_hidden, saved.record(), gradients.record(), {});
    return static_cast<double>(loss.sum) / count;
  }

 private:
  using Context = typename Backend::Context;
  static constexpr index rows_at_once = 512;

  [[nodiscard]] const Model& model() const { return weights_.model(); }
  Tokens begin(index first, index count) {
    sequences_.clear();
    for (index s = 0; s < count; ++s) sequences_.push_back({s * grid_.length, grid_.length, 0});
    c_.begin(sequences_, count * grid_.length);
    return {grid_.ids.data() + first * grid_.length, 1, count * grid_.length};
  }

  const Parameters<Model, Backend>& weights_;
  const TokenGrid& grid_;
  std::vector<Sequence> sequences_;
  Context c_;
};

struct LogitsOptions {
  std::filesystem::path model, input, output;
  bool gradients = false;
};

template <class Backend, class Served>
void write_logits(const LogitsOptions& options) {
  const ModelFolder folder{options.model};
  const SafetensorsFile input{options.input};
  Served::with(folder, [&]<class Model>(const Shape& shape) {
    const Model model{shape};
    const TokenGrid grid = read_token_grid(input.tensor("input_ids"), shape.vocabulary);
    const auto weights = folder.parameters<Backend>(model);
    LogitsPass pass{weights, grid};
    SafetensorsWriter writer;
    writer.add("logits", {grid.sequences, grid.length, shape.vocabulary}, ElementType::f32,
               [&](TensorSink& sink) { pass.each_logits([&](auto rows) { sink.put(rows); }); });
    std::vector<double> loss;
    std::optional<Parameters<Model, Backend>> gradients;
    if (options.gradients && grid.length > 1) {
      gradients.emplace(model);
      loss.push_back(pass.gradients(*gradients));
      writer.add("loss", {1}, ElementType::f32, std::span<const double>{loss});
      add_tensors(writer, file_tensors(folder.form<Model>().names, *gradients), ElementType::f32, "grad.");
    }
    writer.write_file(options.output);
  });
}

}  // namespace rondo
