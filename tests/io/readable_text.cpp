// Messages stay readable whatever names are in them.
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <vector>

#include <rondo/io/nearest_word.hpp>
#include <rondo/io/readable_text.hpp>

namespace rondo::test {

BOOST_AUTO_TEST_SUITE(readable)

BOOST_AUTO_TEST_CASE(what_is_short_stays) {
  for (const std::string text : {"", "run: no such folder", "a:\n\tb\n  tensor 'ä€𝄞' is left over", "ends with a line\n"})
    BOOST_TEST(readable_text(text) == text);
}
BOOST_AUTO_TEST_CASE(control_characters_are_shown) {
  BOOST_TEST(readable_text("tensor '\x1b[2J\r\x7f' is left over") == "tensor '\\x1B[2J\\x0D\\x7F' is left over");
  BOOST_TEST(readable_text(std::string("a\0b", 3)) == "a\\x00b");
  BOOST_TEST(readable_text("\xC2\x9B" "31m and \xC2\xA0") == "\\x9B31m and \xC2\xA0");  // the eight-bit form of an escape sequence
}
BOOST_AUTO_TEST_CASE(words_are_cut_in_the_middle) {
  BOOST_TEST(readable_text("tensor '" + std::string(192, 'n') + "' is") == "tensor '" + std::string(192, 'n') + "' is");
  BOOST_TEST(readable_text("x " + std::string(1000, 'n') + " y") ==
             "x " + std::string(100, 'n') + "[... 840 bytes ...]" + std::string(60, 'n') + " y");
  std::string letters;
  for (int i = 0; i < 500; ++i) letters += "€";  // three bytes each: no part of one is left
  const std::string cut = readable_text(letters);
  BOOST_TEST(cut.starts_with("€€"));
  BOOST_TEST(cut.ends_with("€"));
  std::size_t bytes = cut.find('[');
  BOOST_TEST(bytes % 3 == 0U);
  BOOST_TEST((cut.size() - cut.find(']') - 1) % 3 == 0U);
}
BOOST_AUTO_TEST_CASE(lines_and_lists_have_an_end) {
  std::string list = "folder: not the tensors:", words;
  for (int i = 0; i < 100000; ++i) list += "\n  tensor 'layer." + std::to_string(i) + "' is left over", words += "word ";
  const std::string text = readable_text(list);
  BOOST_TEST(std::count(text.begin(), text.end(), '\n') == 12);
  BOOST_TEST(text.ends_with("\n  tensor 'layer.10' is left over\n  ... and 99989 lines more"));
  const std::string line = readable_text(words);
  BOOST_TEST(line.size() < 2100U);
  BOOST_TEST(line.find(" bytes ...]") != std::string::npos);
}
// Names of a megabyte are compared with nothing that they cannot be like.
BOOST_AUTO_TEST_CASE(a_word_without_end_is_like_nothing) {
  const std::vector<std::string> names(200, "model.layers.0.input_layernorm.weight");
  BOOST_TEST(nearest_word(std::string(20000000, 'n'), names).empty());
  BOOST_TEST(nearest_word("model.layers.0.input_layernorm.wieght", names) == names[0]);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace rondo::test
