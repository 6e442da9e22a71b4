// What is behind the members of a Tokenizer: a pipeline, or SentencePiece's model (rondo/data/tokenizer/tokenizer.hpp).
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

#include <rondo/core/compiled.hpp>
#include <rondo/core/error.hpp>
#include <rondo/data/tokenizer/gpt2_files.hpp>
#include <rondo/data/tokenizer/pipeline.hpp>
#include <rondo/data/tokenizer/sentence_piece_model.hpp>
#include <rondo/data/tokenizer/tokenizer_class.hpp>
#include <rondo/data/tokenizer/tokenizer_json.hpp>
#include <rondo/io/atomic_file.hpp>
#include <rondo/io/json.hpp>

namespace rondo {

struct TokenizerKind {
  std::variant<Pipeline, SentencePieceModel> chosen;

  template <class Kind, class... From>
  explicit TokenizerKind(std::in_place_type_t<Kind> kind, From&&... from) : chosen(kind, std::forward<From>(from)...) {}
  [[nodiscard]] const Pipeline* pipeline() const { return std::get_if<Pipeline>(&chosen); }
  auto visit(const auto& act) const { return std::visit(act, chosen); }
};

// The hash with what a model knows besides its tokens.
[[nodiscard]] inline std::uint64_t with_rules(const BytePairModel& model, std::uint64_t hash) {
  for (const auto& [left, right] : model.pairs().merges) hash = hash_bytes(right, hash_bytes(left, hash));
  return hash;
}
[[nodiscard]] inline std::uint64_t with_rules(const UnigramModel& model, std::uint64_t hash) {
  for (const auto& [token, score] : model.pieces().tokens)
    hash = hash_bytes({reinterpret_cast<const char*>(&score), sizeof score}, hash);
  return hash;
}
[[nodiscard]] inline std::uint64_t with_rules(const Vocabulary&, std::uint64_t hash) { return hash; }

[[nodiscard]] inline SpecialIds special_ids_of(const Pipeline& pipeline) {
  const auto first_known = [&](std::initializer_list<std::string_view> names) -> TokenId {
    for (const std::string_view name : names)
      if (const auto id = pipeline.id_of(name)) return *id;
    return -1;
  };
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

RONDO_DEFINED_ONCE Tokenizer::Tokenizer(PipelineParts parts, const std::string& name)
    : kind_(std::make_shared<const TokenizerKind>(std::in_place_type<Pipeline>, std::move(parts), name)),
      special_(special_ids_of(*kind_->pipeline())) {
  for (const PostProcessor& step : kind_->pipeline()->parts().post_processors)
    if (const auto* special = std::get_if<AddSpecial>(&step)) begin_is_named_ |= !special->before.empty();
}
RONDO_DEFINED_ONCE Tokenizer::Tokenizer(SentencePieceModel model)
    : kind_(std::make_shared<const TokenizerKind>(std::in_place_type<SentencePieceModel>, std::move(model))),
      special_(std::get<SentencePieceModel>(kind_->chosen).special_ids()) {}

RONDO_DEFINED_ONCE Tokenizer Tokenizer::load_gpt2(const std::filesystem::path& vocabulary, const std::filesystem::path& merges) {
  return Tokenizer{read_gpt2_files(vocabulary, merges), vocabulary.string()};
}
RONDO_DEFINED_ONCE Tokenizer Tokenizer::parse(std::string_view text, const std::string& name) {
  return Tokenizer{read_tokenizer_json(parse_json(text, name), name), name};
}

RONDO_DEFINED_ONCE Encoding Tokenizer::encode(std::string_view text, SpecialTokens special) const {
  require_utf8(text, "text to encode");
  return kind_->visit([&](const auto& kind) { return kind.encode(text, special); });
}
RONDO_DEFINED_ONCE void Tokenizer::append_ids(std::string_view text, std::vector<TokenId>& out, EncodingCache& cache) const {
  require_utf8(text, "text to encode");
  if (const Pipeline* pipeline = kind_->pipeline())
    pipeline->append_ids(text, out, cache);
  else
    std::get<SentencePieceModel>(kind_->chosen).append_ids(text, out);
}
RONDO_DEFINED_ONCE std::string Tokenizer::decode(std::span<const TokenId> ids, SpecialTokens special) const {
  if (const Pipeline* pipeline = kind_->pipeline()) return pipeline->decode(ids, special);
  return std::get<SentencePieceModel>(kind_->chosen).decode(ids);
}
RONDO_DEFINED_ONCE TextsTemplate Tokenizer::texts_template(bool pair) const {
  return kind_->visit([&](const auto& kind) { return kind.texts_template(pair); });
}
RONDO_DEFINED_ONCE TokenId Tokenizer::vocabulary() const {
  return kind_->visit([](const auto& kind) { return kind.vocabulary(); });
}
RONDO_DEFINED_ONCE std::optional<TokenId> Tokenizer::id_of(std::string_view token) const {
  return kind_->visit([&](const auto& kind) { return kind.id_of(token); });
}
RONDO_DEFINED_ONCE std::string Tokenizer::token(TokenId id) const {
  return kind_->visit([&](const auto& kind) { return kind.token(id); });
}
RONDO_DEFINED_ONCE std::uint64_t Tokenizer::fingerprint() const {
  std::uint64_t hash = 0;
  for (TokenId id = 0; id < vocabulary(); ++id) hash = hash_bytes(token(id), hash);
  if (const Pipeline* pipeline = kind_->pipeline())
    hash = std::visit([hash](const auto& model) { return with_rules(model, hash); }, pipeline->model());
  return hash;
}
RONDO_DEFINED_ONCE bool Tokenizer::may_cut(std::string_view text, std::size_t at) const {
  const Pipeline* pipeline = kind_->pipeline();
  return pipeline != nullptr && pipeline->may_cut(text, at);
}

// {"eos_token": "</s>" or {"content": "</s>"}, ...}
RONDO_DEFINED_ONCE void Tokenizer::read_special_tokens(const std::filesystem::path& path) {
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
RONDO_DEFINED_ONCE void Tokenizer::read_model_ids(const std::filesystem::path& path) {
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

RONDO_DEFINED_ONCE Tokenizer Tokenizer::load(const std::filesystem::path& path) {
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
