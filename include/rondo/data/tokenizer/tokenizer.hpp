// Tokenizer: text to token ids and back. A value: copies share the tables, which never change; safe for many threads.
//
//   Tokenizer tokenizer = Tokenizer::load("run/tokenizer.json");
//   Encoding encoding = tokenizer.encode("Hello world.");        // ids, and offsets in characters
//   std::string text = tokenizer.decode(encoding.ids);
//
// load() takes
//   tokenizer.json                  Hugging Face tokenizers (tokenizer_json.hpp)
//   vocab.json or encoder.json      GPT-2's vocabulary; the merges lie beside it (merges.txt, vocab.bpe), with the same
//                                   beginning of the name if there is one: gpt2_encoder.json, gpt2_vocab.bpe
//   merges.txt or vocab.bpe         the same pair by its other half
//   *.model                         SentencePiece (needs libsentencepiece at build)
//   a folder                        the first of tokenizer.json, vocab.json, tokenizer.model that is in it
// and throws Error for anything else. Special tokens are what the files beside it say, later ones in this order above earlier:
//   the names in common use (GPT-2 begins and ends texts with the same token); the post-processor; special_tokens_map.json;
//   tokenizer_config.json. Where none of the last three names a token that begins texts, bos_token_id of config.json and
//   generation_config.json does. The tokens that end what a model writes, one or several, are eos_token_id of
//   generation_config.json, else that of config.json, else the token that ends texts.
//
// encode and append_ids throw Error for text that is not UTF-8, decode for an id outside the vocabulary.
#pragma once

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/data/tokenizer/encoding.hpp>
#include <rondo/data/tokenizer/gpt2_files.hpp>
#include <rondo/data/tokenizer/pipeline.hpp>
#include <rondo/data/tokenizer/sentence_piece_model.hpp>
#include <rondo/data/tokenizer/tokenizer_json.hpp>
#include <rondo/io/atomic_file.hpp>
#include <rondo/io/json.hpp>

namespace rondo {

class Tokenizer {
 public:
  // `name` is what messages call it.
  Tokenizer(PipelineParts parts, const std::string& name)
      : kind_(std::make_shared<const Kind>(std::in_place_type<Pipeline>, std::move(parts), name)),
        special_(pipeline_special_ids()) {
    for (const PostProcessor& step : std::get<Pipeline>(*kind_).parts().post_processors)
      if (const auto* special = std::get_if<AddSpecial>(&step)) begin_is_named_ |= !special->before.empty();
  }
  explicit Tokenizer(SentencePieceModel model)
      : kind_(std::make_shared<const Kind>(std::move(model))), special_(std::get<SentencePieceModel>(*kind_).special_ids()) {}

  [[nodiscard]] static Tokenizer load(const std::filesystem::path& path);
  [[nodiscard]] static Tokenizer load_gpt2(const std::filesystem::path& vocabulary, const std::filesystem::path& merges) {
    return Tokenizer{read_gpt2_files(vocabulary, merges), vocabulary.string()};
  }
  // The text of a tokenizer.json.
  [[nodiscard]] static Tokenizer parse(std::string_view text, const std::string& name) {
    return Tokenizer{read_tokenizer_json(parse_json(text, name), name), name};
  }

  [[nodiscard]] Encoding encode(std::string_view text, SpecialTokens special = SpecialTokens::left_out) const {
    require_utf8(text, "text to encode");
    return std::visit([&](const auto& kind) { return kind.encode(text, special); }, *kind_);
  }
  // Appends the ids of `text` without special tokens; `cache` is one thread's and this tokenizer's.
  void append_ids(std::string_view text, std::vector<TokenId>& out, EncodingCache& cache) const {
    require_utf8(text, "text to encode");
    if (const auto* pipeline = std::get_if<Pipeline>(kind_.get())) {
      pipeline->append_ids(text, out, cache);
    } else {
      std::get<SentencePieceModel>(*kind_).append_ids(text, out);
    }
  }
  [[nodiscard]] std::string decode(std::span<const TokenId> ids, SpecialTokens special = SpecialTokens::included) const {
    if (const auto* pipeline = std::get_if<Pipeline>(kind_.get())) return pipeline->decode(ids, special);
    return std::get<SentencePieceModel>(*kind_).decode(ids);
  }

  // What one text, or two, become with the special tokens of the post-processor.
  [[nodiscard]] TextsTemplate texts_template(bool pair) const {
    return std::visit([&](const auto& kind) { return kind.texts_template(pair); }, *kind_);
  }

  // One more than the largest id.
  [[nodiscard]] TokenId vocabulary() const {
    return std::visit([](const auto& kind) { return kind.vocabulary(); }, *kind_);
  }
  [[nodiscard]] std::optional<TokenId> id_of(std::string_view token) const {
    return std::visit([&](const auto& kind) { return kind.id_of(token); }, *kind_);
  }
  // The token as the vocabulary spells it; empty for an id without one.
  [[nodiscard]] std::string token(TokenId id) const {
    return std::visit([&](const auto& kind) { return kind.token(id); }, *kind_);
  }
  [[nodiscard]] const SpecialIds& special_ids() const { return special_; }

  // Equal for tokenizers with the same vocabulary and merges (or scores), however their files are written.
  [[nodiscard]] std::uint64_t fingerprint() const {
    std::uint64_t hash = 0;
    for (TokenId id = 0; id < vocabulary(); ++id) hash = hash_bytes(token(id), hash);
    if (const auto* pipeline = std::get_if<Pipeline>(kind_.get()))
      hash = std::visit([hash](const auto& model) { return with_rules(model, hash); }, pipeline->model());
    return hash;
  }
  // Whether tokens stay the same when a text is cut in two at `at` (see Pipeline).
  [[nodiscard]] bool may_cut(std::string_view text, std::size_t at) const {
    const auto* pipeline = std::get_if<Pipeline>(kind_.get());
    return pipeline != nullptr && pipeline->may_cut(text, at);
  }

 private:
  using Kind = std::variant<Pipeline, SentencePieceModel>;

  // The hash with what a model knows besides its tokens.
  [[nodiscard]] static std::uint64_t with_rules(const BytePairModel& model, std::uint64_t hash) {
    for (const auto& [left, right] : model.pairs().merges) hash = hash_bytes(right, hash_bytes(left, hash));
    return hash;
  }
  [[nodiscard]] static std::uint64_t with_rules(const UnigramModel& model, std::uint64_t hash) {
    for (const auto& [token, score] : model.pieces().tokens)
      hash = hash_bytes({reinterpret_cast<const char*>(&score), sizeof score}, hash);
    return hash;
  }
  [[nodiscard]] static std::uint64_t with_rules(const Vocabulary&, std::uint64_t hash) { return hash; }

  [[nodiscard]] TokenId first_known(std::initializer_list<std::string_view> names) const {
    for (const std::string_view name : names)
      if (const auto id = id_of(name)) return *id;
    return -1;
  }
  [[nodiscard]] SpecialIds pipeline_special_ids() const {
    const Pipeline& pipeline = std::get<Pipeline>(*kind_);
    SpecialIds ids;
    for (const PostProcessor& step : pipeline.parts().post_processors) {
      if (const auto* special = std::get_if<AddSpecial>(&step)) {
        if (!special->before.empty()) ids.begin_of_text = special->before.front();
        if (!special->after.empty()) ids.end_of_text = special->after.back();
      }
    }
    if (ids.begin_of_text < 0)
      ids.begin_of_text = first_known({"<s>", "<bos>", "<|begin_of_text|>", "<|startoftext|>", "[CLS]", "<|endoftext|>"});
    if (ids.end_of_text < 0) ids.end_of_text = first_known({"</s>", "<eos>", "<|end_of_text|>", "<|endoftext|>", "[SEP]"});
    ids.unknown = std::visit([](const auto& model) { return model.unknown(); }, pipeline.model());
    if (ids.unknown < 0) ids.unknown = first_known({"<unk>", "[UNK]"});
    ids.padding = first_known({"<pad>", "[PAD]", "<|pad|>"});
    return ids;
  }
  // {"eos_token": "</s>" or {"content": "</s>"}, ...}
  void read_special_tokens(const std::filesystem::path& path) {
    const Json document = read_json(path);
    const JsonPlace root{document, path.string()};
    const std::pair<const char*, TokenId*> members[] = {{"bos_token", &special_.begin_of_text},
                                                        {"eos_token", &special_.end_of_text},
                                                        {"unk_token", &special_.unknown},
                                                        {"pad_token", &special_.padding}};
    for (const auto& [key, id] : members) {
      const auto member = root.find(key);
      if (!member) continue;
      const std::string& name = member->value().is_object() ? (*member)["content"].text() : member->text();
      const auto known = id_of(name);
      if (!known) throw member->problem("'" + name + "' is not in the vocabulary");
      *id = *known;
      begin_is_named_ |= id == &special_.begin_of_text;
    }
  }
  // {"eos_token_id": 2 or [2, 7], "bos_token_id": 1}; ids that the vocabulary has not are none.
  void read_model_ids(const std::filesystem::path& path) {
    const Json document = read_json(path);
    const auto ids = [&](const char* key) {
      std::vector<TokenId> known;
      const auto member = document.is_object() ? document.find(key) : document.end();
      if (!document.is_object() || member == document.end()) return known;
      for (const Json& id : member->is_array() ? *member : Json::array({*member}))
        if (id.is_number_integer() && id >= 0 && id < vocabulary()) known.push_back(id.get<TokenId>());
      return known;
    };
    if (const auto ends = ids("eos_token_id"); !ends.empty()) special_.ends = ends;
    if (const auto begin = ids("bos_token_id"); !begin.empty() && !begin_is_named_) special_.begin_of_text = begin.front();
  }

  std::shared_ptr<const Kind> kind_;
  SpecialIds special_;
  bool begin_is_named_ = false;  // not just taken from the names in common use
};

// The other half of GPT-2's pair of files: gpt2_encoder.json -> gpt2_vocab.bpe and so on. Empty where `path` is neither half.
[[nodiscard]] inline std::filesystem::path other_gpt2_file(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  constexpr std::pair<std::string_view, std::string_view> pairs[] = {{"encoder.json", "vocab.bpe"}, {"vocab.json", "merges.txt"}};
  for (const auto& [vocabulary, merges] : pairs) {
    for (const auto& [this_end, other_end] : {std::pair{vocabulary, merges}, std::pair{merges, vocabulary}})
      if (name.ends_with(this_end)) return path.parent_path() / name.substr(0, name.size() - this_end.size()).append(other_end);
  }
  return {};
}

inline Tokenizer Tokenizer::load(const std::filesystem::path& path) {
  std::error_code unknown;
  if (!std::filesystem::exists(path, unknown)) throw file_error(path, "be read", unknown ? unknown.value() : ENOENT);
  if (std::filesystem::is_directory(path)) {
    for (const char* name : {"tokenizer.json", "vocab.json", "tokenizer.model"})
      if (std::filesystem::exists(path / name)) return load(path / name);
    throw error(
        path.string(),
        ": expected a tokenizer (tokenizer.json, vocab.json with merges.txt, or tokenizer.model) in this folder, found none");
  }
  if (path.extension() == ".model") return Tokenizer{SentencePieceModel{path}};
  const std::filesystem::path other = other_gpt2_file(path);
  const auto tokenizer = [&] {
    if (path.extension() != ".json" && !other.empty()) return load_gpt2(other, path);
    require(path.extension() == ".json", path.string(),
            ": not a known kind of tokenizer; expected tokenizer.json, vocab.json with merges.txt, or *.model");
    const Json document = read_json(path);
    // "model" is also a token of GPT-2: there it is a number.
    if (document.is_object() && document.contains("model") && !document["model"].is_number())
      return Tokenizer{read_tokenizer_json(document, path.string()), path.string()};
    require(!other.empty(), path.string(),
            ": expected a tokenizer.json (an object with a 'model') or a vocab.json with merges.txt beside it");
    return load_gpt2(path, other);
  };
  Tokenizer loaded = tokenizer();
  const auto beside = [&](const char* name) { return path.parent_path() / name; };
  for (const char* name : {"special_tokens_map.json", "tokenizer_config.json"})
    if (std::filesystem::exists(beside(name))) loaded.read_special_tokens(beside(name));
  for (const char* name : {"config.json", "generation_config.json"})
    if (std::filesystem::exists(beside(name))) loaded.read_model_ids(beside(name));
  return loaded;
}

}  // namespace rondo
