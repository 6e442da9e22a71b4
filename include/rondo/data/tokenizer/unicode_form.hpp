// UnicodeForm: Unicode's normalisation forms (UAX 15) as a normaliser: NFC and NFD (canonical), NFKC and NFKD (compatibility).
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include <rondo/data/tokenizer/aligned_text.hpp>
#include <rondo/data/tokenizer/unicode_tables.hpp>

namespace rondo {

struct UnicodeForm {
  Decomposition decomposition;
  bool composed;

  void normalize(AlignedText& text) const {
    if (std::all_of(text.text().begin(), text.text().end(), [](char byte) { return static_cast<unsigned char>(byte) < 0x80; }))
      return;
    std::vector<Replacement> characters = decomposed(text.text());
    order_marks(characters);
    text.replace(composed ? compose_all(characters) : characters);
  }

 private:
  [[nodiscard]] std::vector<Replacement> decomposed(const std::string& text) const {
    std::vector<Replacement> result;
    for (std::size_t at = 0; at < text.size(); at += utf8_length(text[at])) {
      int change = 0;
      for (const char32_t character : decompose(decode_utf8(text.data() + at), decomposition))
        result.push_back({character, change++ > 0});
    }
    return result;
  }
  // Sorts every run of combining marks by its class, equal ones in the order of the text.
  static void order_marks(std::vector<Replacement>& characters) {
    for (auto at = characters.begin(); at != characters.end();) {
      if (combining_class(at->character) == 0) {
        ++at;
        continue;
      }
      const auto end = std::find_if(at, characters.end(), [](const Replacement& r) { return combining_class(r.character) == 0; });
      std::stable_sort(at, end, [](const Replacement& a, const Replacement& b) {
        return combining_class(a.character) < combining_class(b.character);
      });
      at = end;
    }
  }
  // Joins each starter with the characters after it that are not blocked (UAX 15, D117). A composite replaces what its
  // parts replaced.
  [[nodiscard]] static std::vector<Replacement> compose_all(const std::vector<Replacement>& characters) {
    std::vector<Replacement> result;
    std::size_t starter = characters.size();  // its place in `result`; none yet
    int last_class = -1;                      // of the character before in `result` since the starter; -1: there is none
    for (const Replacement& next : characters) {
      const int next_class = combining_class(next.character);
      if (starter < result.size() && last_class < next_class) {
        if (const char32_t both = compose(result[starter].character, next.character); both != 0) {
          result[starter] = {both, result[starter].change + next.change - 1};
          continue;
        }
      }
      if (next_class == 0) {
        starter = result.size();
        last_class = -1;
      } else {
        last_class = next_class;
      }
      result.push_back(next);
    }
    return result;
  }
};

}  // namespace rondo
