// Checkpoints of DeltaNet, Gated DeltaNet and Kimi delta attention as flash-linear-attention writes them (model_type "delta_net",
// DeltaNetForCausalLM, "gated_deltanet", GatedDeltaNetForCausalLM, and "kda", KDAForCausalLM).
//
// config.json has the keys of rondo/model/checkpoint/flash_linear_config.hpp, use_short_conv true, and allow_neg_eigval false (writes up to
// 2). With the defaults of "delta_net": hidden_size 2048, num_hidden_layers 24, num_heads 16, expand_k 1, expand_v 1 (keys, and values of
// all heads, as shares of hidden_size), use_gate false. Of "gated_deltanet": hidden_size 2048, num_hidden_layers 21, num_heads 6 (of
// keys), num_v_heads null (as many; else a multiple), head_dim 256 (of a key), expand_v 2 (of a value, as a multiple of that), use_gate
// true. Of "kda": the same keys but use_gate, with num_hidden_layers 24, num_heads 16, head_dim 128, expand_v 1, and lower_bound null or
// -5, which safe_gate true demands. norm_eps is that of all norms, the mixer's too.
//
// Refused by name: use_beta false, keys that are not of unit length (qk_norm), other activations (qk_activation,
// output_gate_activation), hybrids.
#pragma once

#include <string>

#include <rondo/model/architecture/delta_net.hpp>
#include <rondo/model/checkpoint/file_form.hpp>

namespace rondo {

struct DeltaNetFiles;
struct GatedDeltaNetFiles;
struct KdaFiles;

template <class Files>
struct DeltaOptions {
  bool gated = false, convolved = true, turning = false, tied = false, bounded = false;
  friend constexpr bool operator==(const DeltaOptions&, const DeltaOptions&) = default;
  [[nodiscard]] std::string text() const {
    const auto word = [](bool value) { return value ? "true" : "false"; };
    return std::string("use_gate ") + word(gated) + ", use_short_conv " + word(convolved) + ", allow_neg_eigval " + word(turning) +
           ", tie_word_embeddings " + word(tied) + (bounded ? ", lower_bound -5" : "");
  }
};

std::shared_ptr<const FileForm> published_form(const DeltaOptions<DeltaNetFiles>& options);
std::shared_ptr<const FileForm> published_form(const DeltaOptions<GatedDeltaNetFiles>& options);
std::shared_ptr<const FileForm> published_form(const DeltaOptions<KdaFiles>& options);

template <class Decay>
concept PublishedDecay = std::is_same_v<Decay, NoDecay> || std::is_same_v<Decay, ScalarDecay>;
template <class Output>
concept PublishedOutput = std::is_same_v<Output, HeadNormedOutput> || std::is_same_v<Output, HeadGatedOutput>;
template <class Inputs>
concept PublishedInputs = std::is_same_v<Inputs, Projection> || std::is_same_v<Inputs, ConvolvedProjection>;
template <class Write>
concept PublishedWrite = std::is_same_v<Write, Sigmoid> || std::is_same_v<Write, DoubledSigmoid>;

template <PublishedDecay Decay, PublishedOutput Output, PublishedInputs Inputs, PublishedWrite Write, PlainHead HeadType, class Start>
struct PublishedForm<LanguageModel<Block<RmsNorm, DeltaMixer<Decay, Output, Inputs, Write>, GatedMlp<Silu>>, RmsNorm, HeadType, Start>> {
  using Files = std::conditional_t<std::is_same_v<Decay, NoDecay>, DeltaNetFiles, GatedDeltaNetFiles>;
  static constexpr DeltaOptions<Files> options{.gated = std::is_same_v<Output, HeadGatedOutput>,
                                               .convolved = std::is_same_v<Inputs, ConvolvedProjection>,
                                               .turning = std::is_same_v<Write, DoubledSigmoid>,
                                               .tied = HeadType::tied};
};

template <class Gate>
concept PublishedChannelGate = std::is_same_v<Gate, SoftplusStep> || std::is_same_v<Gate, BoundedDecay<5>>;
template <PublishedChannelGate Gate, PublishedInputs Inputs, PublishedWrite Write, PlainHead HeadType, class Start>
struct PublishedForm<LanguageModel<Block<RmsNorm, DeltaMixer<ChannelDecay<Gate>, LowRankGatedOutput, Inputs, Write>, GatedMlp<Silu>>,
                                   RmsNorm, HeadType, Start>> {
  using Files = KdaFiles;
  static constexpr DeltaOptions<Files> options{.gated = true,
                                               .convolved = std::is_same_v<Inputs, ConvolvedProjection>,
                                               .turning = std::is_same_v<Write, DoubledSigmoid>,
                                               .tied = HeadType::tied,
                                               .bounded = std::is_same_v<Gate, BoundedDecay<5>>};
};

}  // namespace rondo
