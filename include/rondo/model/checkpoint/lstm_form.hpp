// Checkpoints of LSTM language models: tensors named as torch.nn.LSTM names them. There is no Hugging Face class; config.json is
//
//   {"model_type": "lstm", "vocab_size": ..., "hidden_size": ..., "num_layers": ...,
//    "embedding_dim": hidden_size, "dropout": 0, "tie_weights": false}
//
// the last three with their defaults. Refused by name: cells with a projection (`proj_size`).
#pragma once

#include <rondo/model/architecture/lstm.hpp>
#include <rondo/model/checkpoint/file_form.hpp>

namespace rondo {

struct LstmFiles;

struct LstmOptions {
  bool tied = false;
  friend constexpr bool operator==(const LstmOptions&, const LstmOptions&) = default;
  [[nodiscard]] std::string text() const { return std::string("tie_weights ") + (tied ? "true" : "false"); }
};

std::shared_ptr<const FileForm> published_form(const LstmOptions& options);

template <class HeadType>
concept BiasedHead = std::is_same_v<HeadType, Head<Bias::yes>> || std::is_same_v<HeadType, TiedHead<Bias::yes>>;

template <BiasedHead HeadType, class Start>
struct PublishedForm<LanguageModel<PlainBlock<CellMixer<LstmCell>>, NoNorm, HeadType, Start>> {
  using Files = LstmFiles;
  static constexpr LstmOptions options{.tied = HeadType::tied};
};

}  // namespace rondo
