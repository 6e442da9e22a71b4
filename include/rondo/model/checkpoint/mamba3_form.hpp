// Checkpoints of Mamba-3 as flash-linear-attention writes them (model_type "mamba3", Mamba3ForCausalLM).
//
// config.json, with its defaults: hidden_size 2048, num_hidden_layers 48, vocab_size 32000, state_size 128, expand 2, head_dim 64,
// num_heads (expand hidden_size / head_dim), n_groups 1, rope_fraction 0.5 (share of the states that turn), norm_eps 1e-5 (of all norms,
// those in the mixer too), is_outproj_norm false (a norm of each head before the gate), use_bias false, tie_word_embeddings false.
// A_activation "softplus" or "heavy_tail" is rondo's own key, written where it is not the first: files do not tell which rates their
// program computes with.
//
// Refused by name: several inputs a head (is_mimo), slowest rates (A_floor) other than 1e-4, other activations.
#pragma once

#include <string>

#include <rondo/model/architecture/mamba3.hpp>
#include <rondo/model/checkpoint/file_form.hpp>

namespace rondo {

struct Mamba3Files;

struct Mamba3Options {
  bool normed = false, heavy_tail = false, tied = false;
  friend constexpr bool operator==(const Mamba3Options&, const Mamba3Options&) = default;
  [[nodiscard]] std::string text() const {
    const auto word = [](bool value) { return value ? "true" : "false"; };
    return std::string("is_outproj_norm ") + word(normed) + ", tie_word_embeddings " + word(tied) +
           (heavy_tail ? ", A_activation heavy_tail" : "");
  }
};

std::shared_ptr<const FileForm> published_form(const Mamba3Options& options);

template <class Rate>
concept PublishedRate = std::is_same_v<Rate, SoftplusRate> || std::is_same_v<Rate, HeavyTailRate>;
template <class Norm>
concept PublishedOutputNorm = std::is_same_v<Norm, NoNorm> || std::is_same_v<Norm, RmsNorm>;

template <PublishedRate Rate, PublishedOutputNorm OutputNorm, PlainHead HeadType, class Start>
struct PublishedForm<LanguageModel<Block<RmsNorm, Mamba3Mixer<Rate, OutputNorm>, NoMlp>, RmsNorm, HeadType, Start>> {
  using Files = Mamba3Files;
  static constexpr Mamba3Options options{.normed = std::is_same_v<OutputNorm, RmsNorm>,
                                         .heavy_tail = std::is_same_v<Rate, HeavyTailRate>,
                                         .tied = HeadType::tied};
};

}  // namespace rondo
