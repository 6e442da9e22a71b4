// LstmFiles: reads and writes config.json of the form that rondo/model/checkpoint/lstm_form.hpp describes.
#pragma once

#include <rondo/core/compiled.hpp>
#include <rondo/model/checkpoint/lstm_form.hpp>
#include <rondo/model/checkpoint/model_config.hpp>

namespace rondo {

inline constexpr NamePair lstm_names[] = {
    {"embedding.weight", "embedding.weight"},         // in torch.nn.Embedding
    {"blocks.{i}.input", "lstm.weight_ih_l{i}"},      // from the layer below
    {"blocks.{i}.recurrent", "lstm.weight_hh_l{i}"},  // from the token before
    {"blocks.{i}.input_bias", "lstm.bias_ih_l{i}"},
    {"blocks.{i}.recurrent_bias", "lstm.bias_hh_l{i}"},
    {"head.{leaf}", "decoder.{leaf}"},  // weight (where not tied) and bias
};

struct LstmFiles {
  static constexpr std::string_view model_type = "lstm";
  static constexpr std::size_t layouts = 1;

  using Options = LstmOptions;

  static Description<Options> read(const ModelConfig& file, const TensorFolder* tensors) {
    ObjectReader config = file.reader();
    Description<Options> result;
    Shape& shape = result.shape;
    shape.vocabulary = config.get<Index>("vocab_size", possible_size);
    shape.width = config.get<Index>("hidden_size", possible_size);
    shape.depth = config.get<Index>("num_layers", possible_depth);
    config.take("embedding_dim", shape.embedding_width, possible_size);
    if (shape.embedding_width == shape.width) shape.embedding_width = 0;
    config.take("dropout", shape.dropout, Between{0.0, 0.999999});
    result.options.tied = read_tied(config, "tie_weights", tensors, "decoder.weight");
    Index projection = 0;
    config.take("proj_size", projection, at_least<Index>(0));
    if (projection != 0) throw config.mismatch("proj_size", "0 (rondo has no LSTM with a projection)", Json(projection));
    return result;
  }

  static NameTable names(const Description<Options>&) { return {lstm_names}; }
  static std::string refusal(const Description<Options>&) { return ""; }

  static void write(const Description<Options>& description, Json& document) {
    const Shape& shape = description.shape;
    document["vocab_size"] = shape.vocabulary;
    document["embedding_dim"] = shape.embedding();
    document["hidden_size"] = shape.width;
    document["num_layers"] = shape.depth;
    document["dropout"] = shape.dropout;
    document["tie_weights"] = description.options.tied;
  }
};

RONDO_DEFINED_ONCE std::shared_ptr<const FileForm> published_form(const LstmOptions& options) {
  return std::make_shared<PublishedFiles<LstmFiles>>(options);
}

}  // namespace rondo
