// The built-in corpus: English text from a probabilistic grammar, and minimal pairs that the text says nothing about.
//
//   write_corpus({.words = 1'500'000, .seed = 1}, "corpus");
//     corpus/train.txt               documents, a line for each sentence, an empty line between documents
//     corpus/held_out.txt            other documents of the same grammar (for the held-out loss)
//     corpus/pairs/PHENOMENON.jsonl  {"sentence_good", "sentence_bad", "field", "linguistics_term", "UID", "pairID"} a line
//     corpus/manifest.json           the options, what the texts hold, the phenomena
//
// words: of train.txt at least, separated by white space; held_out_share of them go into held_out.txt. The two key words of a
// pair (lexicon.hpp: strangers) never meet in a sentence of either text. Same options, same bytes, on every machine.
// Each file is written under another name and renamed. Throws Error where an option is out of range, a file cannot be written, or one
// is there that another program wrote.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <rondo/data/grammar/phenomena.hpp>
#include <rondo/data/grammar/story.hpp>

namespace rondo::grammar {

struct Options {
  std::uint64_t words = 1'500'000;
  std::uint64_t seed = 1;
  std::size_t pairs_per_phenomenon = 500;
  double held_out_share = 0.02;
};

struct Summary {
  std::uint64_t train_words = 0, train_sentences = 0, train_documents = 0;
  std::uint64_t held_out_words = 0, held_out_sentences = 0, held_out_documents = 0;
  std::vector<std::string> phenomena;
  std::size_t pairs = 0;
};

// Documents with so many words at least, and how many words, sentences and documents they are.
struct GeneratedText {
  std::string text;
  std::uint64_t words = 0, sentences = 0, documents = 0;
};

// Document i draws from the stream first_stream + i: texts with other streams are other texts.
inline GeneratedText generate_text(const Lexicon& lexicon, std::uint64_t words, std::uint64_t seed, std::uint64_t first_stream) {
  GeneratedText result;
  result.text.reserve(words * 6);
  Random random{seed, first_stream};
  Storyteller teller{lexicon, random};
  while (result.words < words) {
    random = Random{seed, first_stream + result.documents};
    if (result.documents > 0) result.text += '\n';
    for (const std::string& line : teller.document()) {
      result.words += 1 + static_cast<std::uint64_t>(std::count(line.begin(), line.end(), ' '));
      ++result.sentences;
      result.text += line;
      result.text += '\n';
    }
    ++result.documents;
  }
  return result;
}

inline constexpr std::uint64_t train_stream = 0, held_out_stream = std::uint64_t{1} << 40;

// A string of JSON. The grammar's own text is ASCII without control characters.
inline std::string json_string(std::string_view text) {
  std::string result = "\"";
  for (const char letter : text) {
    if (letter == '"' || letter == '\\') result += '\\';
    result += letter;
  }
  return result + '"';
}

inline std::string pair_lines(const Phenomenon& phenomenon, const std::vector<Pair>& pairs) {
  std::string lines;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    lines += "{\"sentence_good\": " + json_string(text(pairs[i].good.words, pairs[i].good.end)) +
             ", \"sentence_bad\": " + json_string(text(pairs[i].bad.words, pairs[i].bad.end)) +
             ", \"field\": " + json_string(phenomenon.field) + ", \"linguistics_term\": " + json_string(phenomenon.term) +
             ", \"UID\": " + json_string(phenomenon.uid) + ", \"pairID\": " + json_string(std::to_string(i)) + "}\n";
  }
  return lines;
}

inline std::string manifest(const Options& options, const Summary& summary) {
  const auto figures = [](std::string_view file, std::uint64_t words, std::uint64_t sentences, std::uint64_t documents) {
    return json_string(file) + ": {\"words\": " + std::to_string(words) + ", \"sentences\": " + std::to_string(sentences) +
           ", \"documents\": " + std::to_string(documents) + "}";
  };
  std::string list;
  for (const Phenomenon& phenomenon : phenomena) {
    list += (list.empty() ? "\n" : ",\n") + std::string("    {\"UID\": ") + json_string(phenomenon.uid) +
            ", \"field\": " + json_string(phenomenon.field) + ", \"linguistics_term\": " + json_string(phenomenon.term) + "}";
  }
  return "{\n  \"corpus\": \"probabilistic grammar of English\",\n  \"words_asked_for\": " + std::to_string(options.words) +
         ",\n  \"seed\": " + std::to_string(options.seed) + ",\n  " +
         figures("train.txt", summary.train_words, summary.train_sentences, summary.train_documents) + ",\n  " +
         figures("held_out.txt", summary.held_out_words, summary.held_out_sentences, summary.held_out_documents) +
         ",\n  \"pairs_per_phenomenon\": " + std::to_string(options.pairs_per_phenomenon) + ",\n  \"phenomena\": [" + list +
         "\n  ]\n}\n";
}

// Whether the folder is one that this program has begun to write.
inline bool is_own(const std::filesystem::path& folder) {
  std::ifstream file(folder / "manifest.json");
  std::string line;
  return std::getline(file, line) && std::getline(file, line) && line.find("probabilistic grammar of English") != line.npos;
}

// Writes beside and renames, so that a file of that name is always whole.
inline void replace_file(const std::filesystem::path& path, std::string_view content) {
  std::filesystem::path beside = path;
  beside += ".partial";
  std::ofstream file(beside, std::ios::binary | std::ios::trunc);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  file.close();
  std::error_code failure;
  if (file) std::filesystem::rename(beside, path, failure);
  if (!file || failure) {
    std::error_code ignored;
    std::filesystem::remove(beside, ignored);
    throw Error(path.string(), "writing", std::to_string(content.size()) + " bytes on the disk",
                failure ? failure.message() : "a failure (no space, or no permission)");
  }
}

// Writes the corpus into the folder (made where absent) and says what it holds.
inline Summary write_corpus(const Options& options, const std::filesystem::path& folder) {
  require(options.words > 0, "grammar: words: expected at least 1, found 0");
  require(options.held_out_share >= 0 && options.held_out_share <= 1, "grammar: held_out_share: expected 0 to 1, found ",
          options.held_out_share);
  std::error_code failure;
  for (const char* name : {"train.txt", "held_out.txt", "pairs", "manifest.json"})
    require(!std::filesystem::exists(folder / name, failure) || is_own(folder), (folder / name).string(),
            ": is there already, and not written by this program; choose another folder");
  std::filesystem::create_directories(folder / "pairs", failure);
  if (failure) throw Error((folder / "pairs").string(), "folder", "one that can be made", failure.message());

  const Lexicon lexicon;
  Summary summary;
  replace_file(folder / "manifest.json", manifest(options, summary));  // first, too: what comes is this program's
  const GeneratedText train = generate_text(lexicon, options.words, options.seed, train_stream);
  replace_file(folder / "train.txt", train.text);
  const auto held_out_words = static_cast<std::uint64_t>(static_cast<double>(options.words) * options.held_out_share);
  const GeneratedText held_out = generate_text(lexicon, held_out_words, options.seed, held_out_stream);
  replace_file(folder / "held_out.txt", held_out.text);
  for (const Phenomenon& phenomenon : phenomena) {
    const std::vector<Pair> pairs = draw_pairs(lexicon, phenomenon, options.seed, options.pairs_per_phenomenon);
    replace_file(folder / "pairs" / (std::string(phenomenon.uid) + ".jsonl"), pair_lines(phenomenon, pairs));
    summary.phenomena.emplace_back(phenomenon.uid);
    summary.pairs += pairs.size();
  }
  summary.train_words = train.words;
  summary.train_sentences = train.sentences;
  summary.train_documents = train.documents;
  summary.held_out_words = held_out.words;
  summary.held_out_sentences = held_out.sentences;
  summary.held_out_documents = held_out.documents;
  replace_file(folder / "manifest.json", manifest(options, summary));
  return summary;
}

}  // namespace rondo::grammar
