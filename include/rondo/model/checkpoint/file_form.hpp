// What the files of a composition are like, for code that does not know the composition.
//
//   CompositionFiles files = composition_files<Hgrn2>();
//   files.composition                     "LanguageModel<Block<...>,RmsNorm,Head<0>>", as rondo's own config.json names it
//   files.published                       reads and writes another program's form; null where the composition has none
//
// An architecture with published checkpoints says so in a header of its own (rondo/model/checkpoint/hgrn2.hpp):
//
//   struct Hgrn2Options { ... };                                     which compositions its files tell apart
//   std::shared_ptr<const FileForm> published_form(const Hgrn2Options&);
//   template <...> struct PublishedForm<LanguageModel<...>> { using Files = Hgrn2Files; static constexpr Hgrn2Options options{...}; };
//
// A program includes these headers for the forms that it is to know.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <rondo/core/shape.hpp>
#include <rondo/model/checkpoint/composition_name.hpp>
#include <rondo/model/checkpoint/name_table.hpp>

namespace rondo {

struct ModelConfig;
struct SaveOptions;
class TensorFolder;

inline constexpr std::string_view own_model_type = "rondo";

// How the files of a model of known composition are to be read or written.
struct ModelForm {
  Shape shape;
  NameTable names = own_names;
  std::size_t layout = 0;
};

class FileForm {
 public:
  virtual ~FileForm() = default;
  // The value of "model_type" in config.json.
  [[nodiscard]] virtual std::string_view model_type() const = 0;
  // The form of a folder of this model_type, or why it holds another composition; tensors may be null.
  [[nodiscard]] virtual std::optional<ModelForm> read(const ModelConfig& config, const TensorFolder* tensors,
                                                      std::string& why_not) const = 0;
  // The epsilon of the norms between blocks in such models, where files do not say it; else what a Shape has.
  [[nodiscard]] virtual double usual_epsilon() const = 0;
  // Why a model of this shape has no place in such files, as a clause; empty where it has one.
  [[nodiscard]] virtual std::string refusal(const Shape& shape) const = 0;
  // Sets the keys of config.json; absent where rondo's own form is wanted or needed. Throws Error where the options ask for a
  // layout that cannot say the model.
  virtual std::optional<ModelForm> write(const Shape& shape, const SaveOptions& options, ModelConfig& config) const = 0;
};

// Composition -> published files, specialised where there are such.
template <class Model>
struct PublishedForm {};
template <class Block, class FinalNorm, class HeadType, class Start, class EmbeddingType>
struct PublishedForm<LanguageModel<Checkpointed<Block>, FinalNorm, HeadType, Start, EmbeddingType>>
    : PublishedForm<LanguageModel<Block, FinalNorm, HeadType, Start, EmbeddingType>> {};
template <class Norm, class Mixer, class ChannelMixer, class FinalNorm, class HeadType, class Start, class EmbeddingType>
struct PublishedForm<
    LanguageModel<Block<Norm, DepthScaled<Mixer>, DepthScaled<ChannelMixer>>, FinalNorm, HeadType, Start, EmbeddingType>>
    : PublishedForm<LanguageModel<Block<Norm, Mixer, ChannelMixer>, FinalNorm, HeadType, Start, EmbeddingType>> {};

template <class Model>
concept Published = requires {
  typename PublishedForm<Model>::Files;
};

template <class HeadType>
concept PlainHead = std::is_same_v<HeadType, Head<>> || std::is_same_v<HeadType, TiedHead<>>;

struct CompositionFiles {
  std::string composition;
  std::shared_ptr<const FileForm> published;
};

template <class Model>
CompositionFiles composition_files() {
  if constexpr (Published<Model>)
    return {composition_name<Model>(), published_form(PublishedForm<Model>::options)};
  else
    return {composition_name<Model>(), nullptr};
}

}  // namespace rondo
