// How a stream of documents is cut into units that a batch is filled with, and how many there are.
//
//   Packing::documents   a unit is a piece of one document, at most `length` tokens long. Units follow one another in the rows
//                        of a batch, each a sequence with a fresh state; one that does not fit goes on in the next row.
//   Packing::windows     a unit is `length` tokens of all documents as one stream, wherever documents begin and end: a row each.
//
// A token's label is the token that follows it: in its document (none after the document's last token), or in the stream.
//
// What is cut is a source of tokens:
//   size()                      tokens of all documents, which lie one after the other
//   documents()                 their number
//   document_begin(d)           of document d = 0 .. documents(), the last being size()
//   copy(begin, count, to)      tokens [begin, begin + count) to Token* to
//   words()                     of all documents; 0 where nobody counted
//   vocabulary()                every token is in [0, vocabulary())
#pragma once

#include <algorithm>
#include <concepts>
#include <string_view>
#include <vector>

#include <rondo/core/error.hpp>
#include <rondo/core/sequence.hpp>

namespace rondo {

template <class Source>
concept TokenSource = requires(const Source& source, index i, Token* to) {
  { source.size() } -> std::convertible_to<index>;
  { source.documents() } -> std::convertible_to<index>;
  { source.document_begin(i) } -> std::convertible_to<index>;
  { source.words() } -> std::convertible_to<index>;
  { source.vocabulary() } -> std::convertible_to<index>;
  source.copy(i, i, to);
};

enum class Packing { documents, windows };

constexpr std::string_view name_of(Packing packing) { return packing == Packing::documents ? "documents" : "windows"; }

// A run of tokens of a source; labels reach up to `label_end`.
struct Piece {
  index begin = 0;
  index end = 0;
  index label_end = 0;
};

class Cutting {
 public:
  // Throws Error where the source has no unit.
  template <TokenSource Source>
  Cutting(const Source& source, Packing packing, index length) : packing_(packing), length_(length), size_(source.size()) {
    require(length > 0, "batches: length must be at least 1 token, found ", length);
    if (packing == Packing::windows) {
      require(size_ > length, "batches: windows of ", length, " tokens and their labels need at least ", length + 1,
              " tokens, the data has ", size_);
      return;
    }
    const index documents = source.documents();
    document_begin_.reserve(static_cast<std::size_t>(documents + 1));
    first_unit_.reserve(static_cast<std::size_t>(documents + 1));
    index units = 0;
    for (index d = 0; d <= documents; ++d) {
      document_begin_.push_back(source.document_begin(d));
      first_unit_.push_back(units);
      if (d < documents) units += (source.document_begin(d + 1) - source.document_begin(d) + length - 1) / length;
    }
    require(units > 0, "batches: the data has no tokens (", documents, " documents)");
  }

  // `shift` in [0, length) moves the borders of windows.
  [[nodiscard]] index units(index shift = 0) const {
    if (packing_ == Packing::documents) return first_unit_.back();
    return std::max<index>(1, (size_ - 1 - effective(shift)) / length_);
  }
  [[nodiscard]] Piece unit(index number, index shift = 0) const {
    if (packing_ == Packing::windows) {
      const index begin = effective(shift) + number * length_;
      return {begin, begin + length_, size_};
    }
    const auto after = std::upper_bound(first_unit_.begin(), first_unit_.end(), number);
    const auto document = static_cast<std::size_t>(after - first_unit_.begin()) - 1;
    const index end = document_begin_[document + 1];
    const index begin = document_begin_[document] + (number - first_unit_[document]) * length_;
    return {begin, std::min(begin + length_, end), end};
  }

 private:
  // A stream that has room for one window only is not shifted beyond its end.
  [[nodiscard]] index effective(index shift) const { return std::min(shift, size_ - 1 - length_); }

  Packing packing_;
  index length_;
  index size_;
  std::vector<index> document_begin_;
  std::vector<index> first_unit_;
};

}  // namespace rondo
