// How fast rotary positions turn (Su et al. 2021, RoFormer): pair j of a head's leading r channels by f_j radians a token,
//
//   f_j = theta^(-2j/r),  j < r/2
//
// and how that is changed for texts longer than a model was first trained on, N tokens (RotaryScaling::context), by a factor s:
//
//   none
//   linear    f_j / s                                                             Chen et al. 2023, "Position Interpolation"
//   dynamic   theta' = theta (s max(L, N) / N - (s - 1))^(r/(r-2))                NTK-aware, by the tokens L of the sequence so far
//   yarn      (1 - u_j) f_j + u_j f_j / s, u_j = clamp((j - low) / (high - low))  Peng et al. 2023, "YaRN"
//             low, high: the j whose pairs turn `fast` and `slow` times in N tokens, r ln(N / (2 pi turns)) / (2 ln theta), within
//             [0, r - 1]; rounded outwards where `truncate`
//   llama3    (1 - u_j) f_j + u_j f_j / s, u_j = clamp((fast - n_j) / (fast - slow)), n_j = N f_j / (2 pi) turns in N tokens
//
// The channels that turn are multiplied by an amplitude: of yarn 1 + ln(s) / 10 where s > 1, else 1, unless one is given.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <string_view>

#include <rondo/core/error.hpp>
#include <rondo/core/view.hpp>

namespace rondo {

enum class RotaryKind { none, linear, dynamic, yarn, llama3 };
// As configurations call them.
inline constexpr std::array<std::string_view, 5> rotary_kinds{"default", "linear", "dynamic", "yarn", "llama3"};
constexpr std::string_view name_of(RotaryKind kind) { return rotary_kinds[static_cast<std::size_t>(kind)]; }

struct RotaryScaling {
  RotaryKind kind = RotaryKind::none;
  double factor = 1;
  Index context = 0;      // 0: as many tokens as the model's
  double slow = 0;        // turns; 0: 1
  double fast = 0;        // 0: yarn 32, llama3 4
  bool truncate = true;
  double amplitude = 0;   // 0: what follows

  [[nodiscard]] constexpr double slow_turns() const { return slow > 0 ? slow : 1; }
  [[nodiscard]] constexpr double fast_turns() const { return fast > 0 ? fast : kind == RotaryKind::llama3 ? 4 : 32; }
  friend constexpr bool operator==(const RotaryScaling&, const RotaryScaling&) = default;
};

struct Rotation {
  Index head_width = 0;
  double theta = 10000;
  Index turning = 0;  // the leading channels of a head that turn, an even number; 0: all
  RotaryScaling scaling{};

  [[nodiscard]] constexpr Index width() const { return turning ? turning : head_width; }
  [[nodiscard]] constexpr Index pairs() const { return width() / 2; }
  // Whether frequencies are others for longer sequences.
  [[nodiscard]] constexpr bool follows_length() const { return scaling.kind == RotaryKind::dynamic; }
  [[nodiscard]] double amplitude() const {
    if (scaling.amplitude > 0) return scaling.amplitude;
    return scaling.kind == RotaryKind::yarn && scaling.factor > 1 ? 1 + 0.1 * std::log(scaling.factor) : 1;
  }

  // Of pair j in a sequence that has `length` tokens when the pass is over.
  [[nodiscard]] double frequency(Index j, Index length) const {
    switch (scaling.kind) {
      case RotaryKind::linear: return plain(theta, j) / scaling.factor;
      case RotaryKind::dynamic: return plain(stretched(length), j);
      case RotaryKind::yarn: return slowed(plain(theta, j), ramp(j));
      case RotaryKind::llama3: {
        const double f = plain(theta, j), turns = tokens() * f / (2 * std::numbers::pi);
        return slowed(f, clamped((scaling.fast_turns() - turns) / (scaling.fast_turns() - scaling.slow_turns())));
      }
      default: return plain(theta, j);
    }
  }

  // Throws Error for what no frequencies follow from.
  constexpr void check() const {
    const auto positive = [](double value) { return value > 0 && value <= std::numeric_limits<double>::max(); };
    const RotaryKind kind = scaling.kind;
    if (head_width % 2 != 0) throw error("shape: rotary positions need an even head width, found ", head_width);
    if (width() < 2 || width() % 2 != 0 || width() > head_width)
      throw error("shape: rotary positions turn an even number of a head's ", head_width, " channels, found ", width());
    if (!positive(theta)) throw error("shape: rope_theta must be positive and finite, found ", theta);
    if (kind == RotaryKind::none) return;
    if (!positive(scaling.factor)) throw error("shape: rope_factor must be positive and finite, found ", scaling.factor);
    if (kind == RotaryKind::linear) return;
    if (scaling.context < 1) throw error("shape: rope_context must be positive, found ", scaling.context);
    if (kind == RotaryKind::dynamic && width() < 4)
      throw error("shape: dynamic rotary positions need heads of which at least 4 channels turn, found ", width());
    if (kind == RotaryKind::dynamic) return;
    if (!positive(scaling.slow_turns()) || !positive(scaling.fast_turns()) || scaling.slow_turns() >= scaling.fast_turns())
      throw error("shape: rope_slow must be less than rope_fast, found ", scaling.slow_turns(), " and ", scaling.fast_turns());
    if (kind == RotaryKind::yarn && theta <= 1) throw error("shape: yarn needs a rope_theta above 1, found ", theta);
  }

 private:
  static double clamped(double value) { return std::clamp(value, 0.0, 1.0); }
  [[nodiscard]] double tokens() const { return static_cast<double>(scaling.context); }
  [[nodiscard]] double plain(double base, Index j) const {
    return std::pow(base, -2.0 * static_cast<double>(j) / static_cast<double>(width()));
  }
  [[nodiscard]] double slowed(double f, double share) const { return (1 - share) * f + share * f / scaling.factor; }
  [[nodiscard]] double stretched(Index length) const {
    const auto r = static_cast<double>(width());
    const double growth = scaling.factor * static_cast<double>(std::max(length, scaling.context)) / tokens() - (scaling.factor - 1);
    return theta * std::pow(growth, r / (r - 2));
  }
  [[nodiscard]] double ramp(Index j) const {
    const auto r = static_cast<double>(width());
    const auto pair = [&](double turns) { return r * std::log(tokens() / (2 * std::numbers::pi * turns)) / (2 * std::log(theta)); };
    double low = pair(scaling.fast_turns()), high = pair(scaling.slow_turns());
    if (scaling.truncate) low = std::floor(low), high = std::ceil(high);
    low = std::max(low, 0.0), high = std::min(high, r - 1);
    if (low == high) high += 0.001;
    return clamped((static_cast<double>(j) - low) / (high - low));
  }
};

}  // namespace rondo
