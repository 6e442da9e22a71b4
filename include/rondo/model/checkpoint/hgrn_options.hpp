// Which compositions of HGRN1 and HGRN2 their files tell apart (rondo/model/checkpoint/hgrn1_form.hpp, hgrn2_form.hpp).
#pragma once

#include <string>

#include <rondo/gate/forget.hpp>
#include <rondo/mixer/projection.hpp>

namespace rondo {

template <class Files>
struct HgrnOptions {
  bool lower_bounds = true, convolved = false, tied = false;
  friend constexpr bool operator==(const HgrnOptions&, const HgrnOptions&) = default;
  [[nodiscard]] std::string text() const {
    return std::string("use_lower_bound ") + (lower_bounds ? "true" : "false") + ", use_short_conv " +
           (convolved ? "true" : "false") + ", tie_word_embeddings " + (tied ? "true" : "false");
  }
};

template <class Gate>
concept HgrnGate = std::is_same_v<Gate, LowerBoundedForget> || std::is_same_v<Gate, SigmoidForget>;
template <class Inputs>
concept HgrnInputs = std::is_same_v<Inputs, Projection> || std::is_same_v<Inputs, ConvolvedProjection>;

}  // namespace rondo
