// GPT-2 (Radford et al. 2019) and OPT (Zhang et al. 2022): softmax attention with biases, learned positions, a plain MLP, layer norms.
//
//   Gpt2           tied head, tanh's approximation of the Gaussian error linear unit, residual branches that start scaled by depth
//   Opt            tied head, ReLU, positions from the third row of their table on
//
// ...Untied have a head of their own. Published models have Shape::mlp_width = 4 width and Shape::norm_epsilon = 1e-5.
#pragma once

#include <rondo/layer/depth_scaled.hpp>
#include <rondo/layer/positioned_embedding.hpp>
#include <rondo/mixer/attention.hpp>
#include <rondo/model/language_model.hpp>

namespace rondo {

using Gpt2Block =
    Block<LayerNorm, DepthScaled<AttentionMixer<NoPosition, Bias::yes>>, DepthScaled<Mlp<GeluTanh, Bias::yes>>>;
using OptBlock = Block<LayerNorm, AttentionMixer<NoPosition, Bias::yes>, Mlp<Relu, Bias::yes>>;

using Gpt2 = LanguageModel<Gpt2Block, LayerNorm, TiedHead<>, SmallNormal, PositionedEmbedding<>>;
using Gpt2Untied = LanguageModel<Gpt2Block, LayerNorm, Head<>, SmallNormal, PositionedEmbedding<>>;
using Opt = LanguageModel<OptBlock, LayerNorm, TiedHead<>, SmallNormal, PositionedEmbedding<2>>;
using OptUntied = LanguageModel<OptBlock, LayerNorm, Head<>, SmallNormal, PositionedEmbedding<2>>;

}  // namespace rondo
