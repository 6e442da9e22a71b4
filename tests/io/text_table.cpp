// Tables as text, Markdown and CSV; numbers as text.
#include <rondo/io/text_table.hpp>

#include <boost/test/unit_test.hpp>

#include <cmath>

#include "io/temporary_folder.hpp"

using namespace rondo;
using namespace rondo::test;

namespace {

TextTable results() {
  TextTable table{"model", "loss", "tokens/s", "note"};
  table.add("HGRN2", error_text(3.4567, 0.0211, 2), 81234, "a|b");
  table.add("größer", "–", 7.5, "says \"x, y\"");
  return table;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(text_table)

BOOST_AUTO_TEST_CASE(columns_are_aligned_by_characters) {
  BOOST_TEST(results().text() ==
             "model          loss  tokens/s  note\n"
             "──────────────────────────────────────────\n"
             "HGRN2   3.46 ± 0.02     81234  a|b\n"
             "größer            –       7.5  says \"x, y\"\n");
}

BOOST_AUTO_TEST_CASE(markdown_says_which_columns_are_numbers) {
  BOOST_TEST(results().markdown() ==
             "| model  |        loss | tokens/s | note        |\n"
             "| ------ | ----------: | -------: | ----------- |\n"
             "| HGRN2  | 3.46 ± 0.02 |    81234 | a\\|b        |\n"
             "| größer |           – |      7.5 | says \"x, y\" |\n");
}

BOOST_AUTO_TEST_CASE(csv_quotes_what_needs_it) {
  BOOST_TEST(results().csv() == "model,loss,tokens/s,note\nHGRN2,3.46 ± 0.02,81234,a|b\ngrößer,–,7.5,\"says \"\"x, y\"\"\"\n");
  TextTable lines{"a"};
  lines.add("1\n2");
  BOOST_TEST(lines.csv() == "a\n\"1\n2\"\n");
  BOOST_TEST(has(lines.markdown(), "1<br>2"));
}

BOOST_AUTO_TEST_CASE(rows_must_fit) {
  TextTable table{"a", "b"};
  BOOST_TEST(has(message_of([&] { table.add("x"); }), "a row of 1 cells for 2 columns"));
  BOOST_TEST(has(message_of([&] { TextTable{TextTable::Row{}}; }), "no columns"));
  BOOST_TEST(table.text() == "a  b\n────\n");
}

BOOST_AUTO_TEST_CASE(numbers_as_text) {
  BOOST_TEST(fixed_text(3.14159, 2) == "3.14");
  BOOST_TEST(fixed_text(-0.001, 2) == "0.00");
  BOOST_TEST(fixed_text(1e300, 0).size() == 301u);
  BOOST_TEST(short_text(0.1) == "0.1");
  BOOST_TEST(short_text(std::nan("")) == "nan");
  BOOST_TEST(count_text(9999) == "9999");
  BOOST_TEST(count_text(81234, 3) == "81.2k");
  BOOST_TEST(count_text(-1.5e6) == "-1.5M");
  BOOST_TEST(count_text(2.5e15) == "2500T");
  BOOST_TEST(count_text(HUGE_VAL) == "inf");
  BOOST_TEST(character_count("größer") == 6u);
}

BOOST_AUTO_TEST_SUITE_END()
