// composition_name<Model>(): what a model is made of, as a text that every compiler spells alike.
//
//   composition_name<Lstm>() == "LanguageModel<PlainBlock<CellMixer<LstmCell>>,NoNorm,Head<1>>"
//
// Template arguments left to their defaults are spelled out, values are numbers, namespaces are left out. No part of the name is how a
// model starts (LanguageModel's Start, DepthScaled, SmallStart), what does not change its results (Checkpointed), what its shape says
// (OptionalMlp) and the plain Embedding.
#pragma once

#include <string>
#include <string_view>
#include <type_traits>

#include <rondo/combinator/checkpointed.hpp>
#include <rondo/layer/depth_scaled.hpp>
#include <rondo/layer/small_initial.hpp>
#include <rondo/model/language_model.hpp>

namespace rondo {

class Mamba2Mixer;

// The compiler's own text for a type, without its template arguments and namespaces.
template <class T>
std::string bare_type_name() {
  std::string_view text = __PRETTY_FUNCTION__;  // "... [with T = rondo::Block<...>; ...]" or "... [T = rondo::Block<...>]"
  text.remove_prefix(text.find("T = ") + 4);
  text = text.substr(0, text.find_first_of("<;]"));
  if (const auto colon = text.rfind("::"); colon != text.npos) text.remove_prefix(colon + 2);
  return std::string(text);
}

inline std::string joined(std::initializer_list<std::string> arguments) {
  std::string text;
  for (const std::string& argument : arguments) text += (text.empty() ? "<" : ",") + argument;
  return text + ">";
}

template <class T>
struct TypeText {
  static std::string text() { return bare_type_name<T>(); }
};
template <auto value>
std::string value_text() {
  return std::to_string(static_cast<long long>(value));
}
template <template <class...> class T, class... Arguments>
struct TypeText<T<Arguments...>> {
  static std::string text() { return bare_type_name<T<Arguments...>>() + joined({TypeText<Arguments>::text()...}); }
};
template <template <auto...> class T, auto... values>
struct TypeText<T<values...>> {
  static std::string text() { return bare_type_name<T<values...>>() + joined({value_text<values>()...}); }
};
template <template <class, auto...> class T, class First, auto value, auto... values>
struct TypeText<T<First, value, values...>> {
  static std::string text() {
    return bare_type_name<T<First, value, values...>>() +
           joined({TypeText<First>::text(), value_text<value>(), value_text<values>()...});
  }
};
template <template <class, class, auto...> class T, class First, class Second, auto value, auto... values>
struct TypeText<T<First, Second, value, values...>> {
  static std::string text() {
    return bare_type_name<T<First, Second, value, values...>>() +
           joined({TypeText<First>::text(), TypeText<Second>::text(), value_text<value>(), value_text<values>()...});
  }
};
template <class Inner>
struct TypeText<Checkpointed<Inner>> : TypeText<Inner> {};
template <class ChannelMixer>
struct TypeText<OptionalMlp<ChannelMixer>> : TypeText<ChannelMixer> {};
// Its biases were template arguments once.
template <>
struct TypeText<Mamba2Mixer> {
  static std::string text() { return "Mamba2Mixer<0,1>"; }
};
template <class Layer>
struct TypeText<DepthScaled<Layer>> : TypeText<Layer> {};
template <class Layer>
struct TypeText<SmallStart<Layer>> : TypeText<Layer> {};
template <class Layer>
struct TypeText<ZeroGateStart<Layer>> : TypeText<Layer> {};
template <class Block, class FinalNorm, class HeadType, class Start, class EmbeddingType>
struct TypeText<LanguageModel<Block, FinalNorm, HeadType, Start, EmbeddingType>> {
  static std::string text() {
    const std::string block = TypeText<Block>::text(), norm = TypeText<FinalNorm>::text(), head = TypeText<HeadType>::text();
    if constexpr (std::is_same_v<EmbeddingType, Embedding>) return "LanguageModel" + joined({block, norm, head});
    return "LanguageModel" + joined({block, norm, head, TypeText<EmbeddingType>::text()});
  }
};

template <class Model>
std::string composition_name() {
  return TypeText<Model>::text();
}

}  // namespace rondo
