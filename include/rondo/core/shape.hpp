// Shape: the sizes of a model, one struct for every architecture, so that a swap of templates never changes a configuration.
//
//   Hgrn2 model{Shape{.vocabulary = 16000, .width = 512, .depth = 8, .heads = 4, .mlp_width = 1536}};
//
// A size of 0 means "follows from the others", as said beside it; use the member function of the same meaning to read it.
// No size is larger than largest_size, nor is any number of channels that follows from them, so that products of two cannot wrap.
// Every check is constexpr: `constexpr Shape shape = checked<Hgrn2>(Shape{...})` fails at compile time, the constructor of
// a model throws Error with both numbers, before any memory is taken.
#pragma once

#include <limits>

#include <rondo/core/block_set.hpp>
#include <rondo/core/count.hpp>
#include <rondo/core/error.hpp>
#include <rondo/core/rotation.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

struct Shape {
  Index vocabulary = 0;
  Index width = 0;            // of the residual stream
  Index depth = 0;            // number of blocks
  Index heads = 1;
  Index groups = 1;           // of heads that share keys and queries (Mamba-2)
  Index key_value_heads = 0;  // 0: as many as heads
  Index key_width = 0;        // of a head; 0: width / heads (xLSTM-large: half of that)
  Index mlp_width = 0;        // 0: 8/3 of the width, rounded up to a multiple of 256
  Index embedding_width = 0;  // 0: width
  Index inner_width = 0;      // channels that a mixer works on (Mamba, xLSTM); 0: what the mixer says (Mamba: 2 * width)
  Index state_size = 0;       // numbers a channel remembers; 0: what the mixer says (Mamba: 16)
  Index step_rank = 0;        // of the projection to Mamba's time steps; 0: width / 16, rounded up
  Index block_width = 4;      // channels of a block of block-diagonal projections (mLSTM)
  Index convolution = 4;      // taps of a short convolution
  Index window = 0;           // of attention, in tokens; 0: all
  BlockSet full_blocks{};     // those whose attention has no window
  Index context = 2048;       // tokens that a cache of keys and values holds
  BlockSet second_blocks{};   // those of the second type, where a stack has two (Either)
  Index second_heads = 0;     // of those blocks; 0: heads
  Index second_convolution = 0;  // taps of their short convolution; 0: convolution
  bool second_mlp = true;     // whether they have the MLP that their type may have (xLSTM's sLSTM)
  bool mlp_bias = false;      // biases of gated MLPs
  bool projection_bias = false;  // of the maps into and out of a mixer (Mamba, Mamba-2)
  bool convolution_bias = true;  // of its short convolution (Mamba, Mamba-2)
  double norm_epsilon = 1e-6;
  double mixer_norm_epsilon = 1e-5;  // of the norm inside a mixer
  double rope_theta = 10000;
  double rope_share = 1;      // of a head's channels, the leading ones, that turn with the position
  RotaryScaling rope{};       // of their frequencies (core/rotation.hpp)
  double step_low = 0;        // bounds of Mamba-2's time steps
  double step_high = 0;       // 0: none
  double gate_soft_cap = 0;   // a: gates are a tanh(x / a) of their inputs (xLSTM-large: 15); 0: they are the inputs
  double logit_soft_cap = 0;  // the same of the logits (xLSTM-large: 30)
  double dropout = 0;

  [[nodiscard]] constexpr Index key_value_head_count() const { return key_value_heads ? key_value_heads : heads; }
  [[nodiscard]] constexpr Index head_key_width() const { return key_width ? key_width : width / heads; }
  [[nodiscard]] constexpr Index head_value_width() const { return width / heads; }
  [[nodiscard]] constexpr Index mlp() const { return mlp_width ? mlp_width : ((width * 8 / 3) + 255) / 256 * 256; }
  [[nodiscard]] constexpr Index embedding() const { return embedding_width ? embedding_width : width; }
  [[nodiscard]] constexpr Index inner() const { return inner_width ? inner_width : 2 * width; }
  [[nodiscard]] constexpr Index window_of(Index block) const { return full_blocks.contains(block) ? 0 : window; }
  [[nodiscard]] constexpr Index state(Index otherwise) const { return state_size ? state_size : otherwise; }
  [[nodiscard]] constexpr double step_limit() const { return step_high > 0 ? step_high : std::numeric_limits<double>::infinity(); }
  [[nodiscard]] constexpr Index rank() const { return step_rank ? step_rank : (width + 15) / 16; }
  [[nodiscard]] constexpr Rotation rotation() const {
    Rotation result{head_key_width(), rope_theta, 0, rope};
    if (rope_share < 1) result.turning = static_cast<Index>(rope_share * static_cast<double>(head_key_width()));
    if (rope_share < 1 && result.turning < 2) throw error("shape: rope_share ", rope_share, " leaves no channel that turns");
    if (result.scaling.context == 0) result.scaling.context = context;
    return result;
  }
  // As blocks of the second type see it.
  [[nodiscard]] constexpr Shape second() const {
    Shape result = *this;
    if (second_heads != 0) result.heads = second_heads;
    if (second_convolution != 0) result.convolution = second_convolution;
    return result;
  }

  // The same model with another context: positions turn as they did.
  [[nodiscard]] constexpr Shape with_context(Index tokens) const {
    Shape other = *this;
    if (other.rope.context == 0) other.rope.context = context;
    other.context = tokens;
    return other;
  }

  static constexpr Index largest_depth = 100000;

  constexpr void check() const {
    within(vocabulary, "vocabulary", 1);
    within(width, "width", 1);
    within(depth, "depth", 1, largest_depth);
    within(heads, "heads", 1);
    within(groups, "groups", 1);
    within(block_width, "block_width", 1);
    within(convolution, "convolution", 1);
    within(context, "context", 1);
    within(second_heads, "second_heads");
    within(second_convolution, "second_convolution");
    within(rope.context, "rope_context");
    within(key_value_heads, "key_value_heads");
    within(key_width, "key_width");
    within(mlp_width, "mlp_width");
    within(embedding_width, "embedding_width");
    within(inner_width, "inner_width");
    within(state_size, "state_size");
    within(step_rank, "step_rank");
    within(window, "window");
    if (full_blocks.end() > depth) throw error("shape: full_blocks has block ", full_blocks.end() - 1, " of a depth of ", depth);
    within(mlp(), "mlp_width");
    within(inner(), "inner_width");
    within(heads * head_key_width(), "heads times key_width");
    within(key_value_head_count() * head_key_width(), "key_value_heads times key_width");
    within(groups * state_size, "groups times state_size");
    if (!(rope_share > 0 && rope_share <= 1)) throw error("shape: rope_share must be above 0 and at most 1, found ", rope_share);
    if (dropout < 0 || dropout >= 1) throw error("shape: dropout must be in [0, 1), found ", dropout);
    const auto caps = [](double cap) { return cap >= 0 && cap <= std::numeric_limits<double>::max(); };
    if (!caps(gate_soft_cap) || !caps(logit_soft_cap))
      throw error("shape: a soft cap must be finite and not negative, found ", gate_soft_cap, " and ", logit_soft_cap);
    if (!(step_low >= 0) || !(step_high >= 0) || step_low > step_limit())
      throw error("shape: time steps cannot be between ", step_low, " and ", step_high);
  }
  friend constexpr bool operator==(const Shape&, const Shape&) = default;

 private:
  static constexpr void within(Index value, const char* name, Index least = 0, Index most = largest_size) {
    if (value < least) throw error("shape: ", name, least > 0 ? " must be positive, found " : " must not be negative, found ", value);
    if (value > most) throw error("shape: ", name, " must be at most ", most, ", found ", value);
  }
};

// Checks that `part` of a shape divides `whole`.
constexpr void require_divides(Index part, Index whole, const char* part_name, const char* whole_name) {
  if (part <= 0 || whole % part != 0)
    throw error("shape: ", whole_name, " ", whole, " is not a multiple of ", part_name, " ", part);
}

// The shape itself, once every layer of Model has found it possible.
template <class Model>
constexpr Shape checked(const Shape& shape) {
  shape.check();
  Model::check(shape);
  return shape;
}

// The same model in another shape.
template <class Model>
[[nodiscard]] Model with_shape([[maybe_unused]] const Model& model, const Shape& shape) {
  if constexpr (requires { model.with_shape(shape); })
    return model.with_shape(shape);
  else
    return Model{shape};
}

}  // namespace rondo
