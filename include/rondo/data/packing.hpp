// How a stream of documents is cut into units that a batch is filled with, and how many there are.
//
//   Packing::documents   a unit is a piece of one document, at most `length` tokens long. Units follow one another in the rows
//                        of a batch, each a sequence with a fresh state; one that does not fit goes on in the next row.
//   Packing::windows     a unit is `length` tokens of all documents as one stream, wherever documents begin and end: a row each, or as many
//                        rows as it takes where they are shorter.
//
// A token's label is the token that follows it, in its document or in the stream. Where the source has an end-of-text token,
// which then ends every document, it also stands before each document: the labels are the document's tokens, each once, and the
// token before a label is its input. Without one a document's last token has no label.
//
// What is cut is a source of tokens, as TokenFile and MemoryTokens are:
//   tokens()                                of all documents, which lie one after the other
//   documents()                             their number
//   begin_of(d).tokens, .words              before document d = 0 .. documents(), the last being the totals
//   all().middle(begin, count).copy(to)     tokens [begin, begin + count) to Token* to
//   vocabulary()                            every token is in [0, vocabulary())
//   end_of_text()                           -1 where there is none
#pragma once

#include <algorithm>
#include <concepts>
#include <string_view>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/core/sequence.hpp>

namespace rondo {

template <class Source>
concept TokenSource = requires(const Source& source, Index i, Token* to) {
  { source.tokens() } -> std::convertible_to<Index>;
  { source.documents() } -> std::convertible_to<Index>;
  source.begin_of(i).tokens;
  source.begin_of(i).words;
  source.all().middle(i, i).copy(to);
  { source.vocabulary() } -> std::convertible_to<Index>;
  { source.end_of_text() } -> std::convertible_to<Token>;
};

enum class Packing { documents, windows };

constexpr std::string_view name_of(Packing packing) {
  return packing == Packing::documents ? "documents" : "windows";
}

// A run of tokens of a source, and the borders that no label is looked up across.
struct Piece {
  Index begin = 0;
  Index end = 0;
  Index first = 0;  // of the document, or of the stream
  Index last = 0;
};

class Cutting {
 public:
  // Throws Error where the source has no unit.
  template <TokenSource Source>
  Cutting(const Source& source, Packing packing, Index length) : packing_(packing), length_(length), size_(source.tokens()) {
    require(length > 0, "batches: length must be at least 1 token, found ", length);
    const Index documents = source.documents();
    begins_.reserve(static_cast<std::size_t>(documents + 1));
    Index units = 0;
    for (Index d = 0; d <= documents; ++d) {
      const auto begin = static_cast<Index>(source.begin_of(d).tokens);
      if (d > 0) units += (begin - begins_.back().token + length - 1) / length;
      begins_.push_back({begin, static_cast<Index>(source.begin_of(d).words), units});
    }
    require(units > 0, "batches: the data has no tokens (", documents, " documents)");
    require(packing == Packing::documents || size_ > length, "batches: windows of ", length,
            " tokens and their labels need at least ", length + 1, " tokens, the data has ", size_);
  }

  // `shift` in [0, length) moves the borders of windows.
  [[nodiscard]] Index units(Index shift = 0) const {
    if (packing_ == Packing::documents) return begins_.back().unit;
    return (size_ - 1 - possible(shift)) / length_;
  }
  [[nodiscard]] Piece unit(Index number, Index shift = 0) const {
    if (packing_ == Packing::windows) {
      const Index begin = possible(shift) + number * length_;
      return {begin, begin + length_, 0, size_};
    }
    const auto document = last_before(number, &Begin::unit);
    const Index end = document[1].token;
    const Index begin = document->token + (number - document->unit) * length_;
    return {begin, std::min(begin + length_, end), document->token, end};
  }
  // Words before a token; those of a document are spread evenly over its tokens.
  [[nodiscard]] Index words_before(Index token) const {
    if (token >= size_) return begins_.back().word;
    const auto document = last_before(token, &Begin::token);
    return document->word +
           (document[1].word - document->word) * (token - document->token) / (document[1].token - document->token);
  }

 private:
  // What lies before a document.
  struct Begin {
    Index token, word, unit;
  };
  // The document that something below the total is in; documents without tokens have none of it.
  [[nodiscard]] std::vector<Begin>::const_iterator last_before(Index value, Index Begin::*member) const {
    return std::upper_bound(begins_.begin(), begins_.end(), value,
                            [&](Index number, const Begin& begin) { return number < begin.*member; }) -
           1;
  }
  // A stream that has room for one window only is not shifted beyond its end.
  [[nodiscard]] Index possible(Index shift) const { return std::min(shift, size_ - 1 - length_); }

  Packing packing_;
  Index length_;
  Index size_;
  std::vector<Begin> begins_;
};

}  // namespace rondo
