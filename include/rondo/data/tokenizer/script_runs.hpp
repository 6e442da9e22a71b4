// ScriptRuns: pieces of text in one script, as Hugging Face's UnicodeScripts cuts them.
//
//   ScriptRuns{}.for_each_match("abc \u0434\u0430", use)       // use(0, 4), use(4, 8)
//
// A space, and a character of no script, goes with what is before it; in front of the text it is no part of any match. Hiragana,
// Katakana and the prolonged sound mark count as Han. What is common to scripts (punctuation, digits) is a script of its own.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <rondo/data/tokenizer/regular_expression.hpp>
#include <rondo/data/tokenizer/utf8.hpp>

namespace rondo {

class ScriptRuns {
 public:
  template <class Use>
  void for_each_match(std::string_view text, Use&& use) const {
    const std::vector<Script>& scripts = table();
    std::size_t begin = 0;
    Script last = none;
    for (std::size_t at = 0; at < text.size(); at += utf8_length(text[at])) {
      const Script script = scripts[decode_utf8(text.data() + at)];
      if (script == none || script == last) continue;
      if (last != none) use(begin, at);
      begin = at;
      last = script;
    }
    if (last != none) use(begin, text.size());
  }

 private:
  using Script = std::uint8_t;
  static constexpr Script none = 0, han = 1;

  // Of every character, made at the first call.
  [[nodiscard]] static const std::vector<Script>& table() {
    static const std::vector<Script> scripts = [] {
      std::vector<Script> made(0x110000, none);
      Script number = han;
      const auto add = [&](std::string_view name) {
        each_range_of(std::string(name), [&](char32_t first, char32_t last) {
          for (char32_t c = first; c <= last && c < made.size(); ++c) made[c] = number;
        });
      };
      for (const char* name : {"Han", "Hiragana", "Katakana"}) add(name);
      for (std::string_view rest = names; !rest.empty();) {
        const std::string_view name = rest.substr(0, rest.find(' '));
        rest.remove_prefix(std::min(name.size() + 1, rest.size()));
        ++number;
        add(name);
      }
      made[0x30FC] = han;
      made[U' '] = none;
      return made;
    }();
    return scripts;
  }

  // The others that UnicodeScripts knows.
  static constexpr std::string_view names =
      "Adlam Ahom Anatolian_Hieroglyphs Arabic Armenian Avestan Balinese Bamum Bassa_Vah Batak Bengali Bhaiksuki Bopomofo Brahmi "
      "Braille Buginese Buhid Canadian_Aboriginal Carian Caucasian_Albanian Chakma Cham Cherokee Common Coptic Cuneiform Cypriot "
      "Cyrillic Deseret Devanagari Duployan Egyptian_Hieroglyphs Elbasan Ethiopic Georgian Glagolitic Gothic Grantha Greek Gujarati "
      "Gurmukhi Hangul Hanunoo Hatran Hebrew Imperial_Aramaic Inherited Inscriptional_Pahlavi Inscriptional_Parthian Javanese Kaithi "
      "Kannada Kayah_Li Kharoshthi Khmer Khojki Khudawadi Lao Latin Lepcha Limbu Linear_A Linear_B Lisu Lycian Lydian Mahajani "
      "Malayalam Mandaic Manichaean Marchen Meetei_Mayek Mende_Kikakui Meroitic_Cursive Meroitic_Hieroglyphs Miao Modi Mongolian Mro "
      "Multani Myanmar Nabataean New_Tai_Lue Newa Nko Ogham Ol_Chiki Old_Hungarian Old_Italic Old_North_Arabian Old_Permic "
      "Old_Persian Old_South_Arabian Old_Turkic Oriya Osage Osmanya Pahawh_Hmong Palmyrene Pau_Cin_Hau Phags_Pa Phoenician "
      "Psalter_Pahlavi Rejang Runic Samaritan Saurashtra Sharada Shavian Siddham SignWriting Sinhala Sora_Sompeng Sundanese "
      "Syloti_Nagri Syriac Tagalog Tagbanwa Tai_Le Tai_Tham Tai_Viet Takri Tamil Tangut Telugu Thaana Thai Tibetan Tifinagh Tirhuta "
      "Ugaritic Vai Warang_Citi Yi";
};

}  // namespace rondo
