// The built-in corpus: English text from a probabilistic grammar, and minimal pairs that the text says nothing about.
//
//   write_corpus({.words = 1'500'000, .seed = 1}, "corpus");
//     corpus/train.txt               documents, a sentence after the other, an empty line between documents
//     corpus/held_out.txt            other documents of the same grammar (for the held-out loss)
//     corpus/pairs/PHENOMENON.jsonl  {"sentence_good": ..., "sentence_bad": ..., "UID": PHENOMENON, "field": ...} a line
//     corpus/manifest.json           options, words, documents, the phenomena
//
// words: of train.txt at least, separated by white space. Same options, same bytes, on every machine.
// Throws Error where an option is out of range or the folder cannot be written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <rondo/core/error.hpp>

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

// Writes the corpus into the folder (made where absent) and says what it holds.
Summary write_corpus(const Options& options, const std::filesystem::path& folder);

}  // namespace rondo::grammar
