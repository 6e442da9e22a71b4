// Checkpoints of the small xLSTM: tensors as NX-AI's package xlstm names those of xLSTMLMModel. There is no Hugging Face class;
// config.json is "model_type": "xlstm_small" and the fields of the package's configuration, nested as there:
//
//   vocab_size; embedding_dim 128, num_blocks 1, context_length, bias false (of mLSTM's projections), dropout 0, tie_weights false,
//   slstm_at [] (numbers of the sLSTM blocks, or "all"; all where mlstm_block is null),
//   mlstm_block.mlstm   {num_heads 4, conv1d_kernel_size 4, qkv_proj_blocksize 4, proj_factor 2}
//   slstm_block.slstm   {num_heads 4, conv1d_kernel_size 4}
//   slstm_block.feedforward {proj_factor 1.3, bias false}; null: sLSTM blocks have no MLP
//
// A block type that no block has may be null. Widths are proj_factor embedding_dim, rounded up to a multiple of 64 (or as
// round_proj_up_to_multiple_of and round_proj_up_dim_up say). How weights start (bias_init, recurrent_weight_init), what is decayed
// and whether embeddings are dropped out in training (rondo does as soon as there is a dropout) is not looked at.
//
// Two layouts of sLSTM's recurrent weights and biases, told apart by the shape of the weights: `vanilla`, R_g [out, in] gate below
// gate in each head, biases gate by gate (what rondo writes); `cuda`, those matrices transposed, biases head by head.
// The package's gate weights have names exchanged: its fgate is the input gate, its igate the forget gate (not so the biases).
// Refused by name: no convolution, MLPs with another activation, `group_norm_weight` false, `add_post_blocks_norm` false, cells other
// than sLSTM, clipped or cut recurrent gradients, sLSTM states that do not start at 0, more than 128 blocks with sLSTM among them.
#pragma once

#include <rondo/model/architecture/xlstm.hpp>
#include <rondo/model/checkpoint/file_form.hpp>

namespace rondo {

struct XlstmFiles;

struct XlstmOptions {
  bool biased = false, tied = false;
  friend constexpr bool operator==(const XlstmOptions&, const XlstmOptions&) = default;
  [[nodiscard]] std::string text() const {
    return std::string("bias ") + (biased ? "true" : "false") + ", tie_weights " + (tied ? "true" : "false");
  }
};

std::shared_ptr<const FileForm> published_form(const XlstmOptions& options);

template <class Layer>
concept XlstmMlp =
    std::is_same_v<Layer, OptionalMlp<GatedMlp<Gelu>>> || std::is_same_v<Layer, OptionalMlp<SmallStart<GatedMlp<Gelu>>>>;

template <Bias bias, XlstmMlp ChannelMixer, PlainHead HeadType, class Start>
struct PublishedForm<
    LanguageModel<Either<Block<OffsetLayerNorm, MlstmMixer<bias>, NoMlp>, Block<OffsetLayerNorm, SlstmMixer, ChannelMixer>>,
                  OffsetLayerNorm, HeadType, Start>> {
  using Files = XlstmFiles;
  static constexpr XlstmOptions options{.biased = bias == Bias::yes, .tied = HeadType::tied};
};

}  // namespace rondo
