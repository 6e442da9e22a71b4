// MixedTokens: several token files as one source of documents (rondo/data/packing.hpp), each as often as its weight says.
//
//   MixedTokens data{{{&books, 1}, {&speech, 2.5}}};       an epoch has each document of books once, of speech twice or three times
//
// A weight is how often an epoch passes over a file: 2.5 takes all documents twice and half of them once more, those d of which
// floor((d + 1) w) > floor(d w) for the rest w = 0.5. Documents that are taken again are documents of their own, which the order of an
// epoch puts anywhere. One file of weight 1 is that file. The files must outlive the mixture.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/data/token_file.hpp>

namespace rondo {

struct WeightedTokens {
  const TokenFile* file;
  double weight = 1;
};

class MixedTokens {
 public:
  struct Begin {
    Index tokens = 0, words = 0;
  };
  // Some tokens in a row.
  struct Run {
    const MixedTokens* source;
    Index begin, size;
    [[nodiscard]] Run middle(Index from, Index count) const { return {source, begin + from, count}; }
    template <class Id>
    void copy(Id* to) const {
      source->copy(begin, size, to);
    }
  };

  // Throws Error where the files are of several tokenizers, or a weight is not above 0.
  explicit MixedTokens(const std::vector<WeightedTokens>& parts) : first_(parts.at(0).file) {
    for (const auto& [file, weight] : parts) {
      require(std::isfinite(weight) && weight > 0, file->path().string(), ": expected a weight above 0, found ", weight);
      require(file->tokenizer() == first_->tokenizer() && file->vocabulary() == first_->vocabulary() &&
                  file->end_of_text() == first_->end_of_text(),
              file->path().string(), ": made with another tokenizer than ", first_->path().string());
      const double whole = std::floor(weight), rest = weight - whole;
      for (double pass = 0; pass < whole; ++pass) add(*file, 0, file->documents());
      for (Index d = 0; d < file->documents(); ++d)
        if (std::floor(static_cast<double>(d + 1) * rest) > std::floor(static_cast<double>(d) * rest)) add(*file, d, d + 1);
    }
    require(!pieces_.empty(), first_->path().string(), ": the weights leave no document");
  }

  [[nodiscard]] Index vocabulary() const { return first_->vocabulary(); }
  [[nodiscard]] Token end_of_text() const { return static_cast<Token>(first_->end_of_text()); }
  [[nodiscard]] Index documents() const { return documents_; }
  [[nodiscard]] Index tokens() const { return end_.tokens; }
  [[nodiscard]] Index words() const { return end_.words; }
  [[nodiscard]] Begin begin_of(Index document) const {
    if (document == documents_) return end_;
    const Piece& piece = piece_of(document, &Piece::document);
    return piece.before(piece.first + document - piece.document);
  }
  [[nodiscard]] Run all() const { return {this, 0, tokens()}; }

 private:
  // Documents in a row of one file.
  struct Piece {
    Index document = 0, token = 0, words = 0;  // where they begin here,
    const TokenFile* file = nullptr;
    Index first = 0;  // and there
    [[nodiscard]] Begin before(Index document_there) const {
      const DocumentBegin &there = file->begin_of(document_there), &from = file->begin_of(first);
      return {token + static_cast<Index>(there.tokens - from.tokens), words + static_cast<Index>(there.words - from.words)};
    }
    [[nodiscard]] Index token_there(Index token_here) const {
      return static_cast<Index>(file->begin_of(first).tokens) + token_here - token;
    }
  };

  void add(const TokenFile& file, Index first, Index last) {
    pieces_.push_back({documents_, end_.tokens, end_.words, &file, first});
    documents_ += last - first;
    end_ = pieces_.back().before(last);
  }
  // The one that something below the total is in.
  [[nodiscard]] const Piece& piece_of(Index value, Index Piece::*member) const {
    return *(std::upper_bound(pieces_.begin(), pieces_.end(), value,
                              [&](Index number, const Piece& piece) { return number < piece.*member; }) -
             1);
  }
  template <class Id>
  void copy(Index begin, Index count, Id* to) const {
    while (count > 0) {
      const Piece& piece = piece_of(begin, &Piece::token);
      const Index end = &piece == &pieces_.back() ? end_.tokens : (&piece + 1)->token;
      const Index here = std::min(count, end - begin);
      piece.file->all().middle(piece.token_there(begin), here).copy(to);
      begin += here, count -= here, to += here;
    }
  }

  const TokenFile* first_;
  std::vector<Piece> pieces_;
  Index documents_ = 0;
  Begin end_;
};

}  // namespace rondo
