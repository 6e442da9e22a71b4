// The names that config.json files give to activations, and which of ours they are.
//
//   activation_name<GeluTanh> == "gelu_new"        empty for an activation without a name
//   activation_spellings                           every name that is understood, and the one that is written
#pragma once

#include <string_view>

#include <rondo/core/activation.hpp>

namespace rondo {

template <class Activation>
inline constexpr std::string_view activation_name = "";
template <>
inline constexpr std::string_view activation_name<Gelu> = "gelu";
template <>
inline constexpr std::string_view activation_name<GeluTanh> = "gelu_new";
template <>
inline constexpr std::string_view activation_name<Relu> = "relu";
template <>
inline constexpr std::string_view activation_name<Silu> = "silu";

template <class Activation>
concept NamedActivation = !activation_name<Activation>.empty();

struct ActivationSpelling {
  std::string_view spelling, name;
};
inline constexpr ActivationSpelling activation_spellings[] = {{"gelu", "gelu"},
                                                              {"gelu_new", "gelu_new"},
                                                              {"gelu_pytorch_tanh", "gelu_new"},
                                                              {"gelu_fast", "gelu_new"},
                                                              {"relu", "relu"},
                                                              {"silu", "silu"},
                                                              {"swish", "silu"}};

}  // namespace rondo
