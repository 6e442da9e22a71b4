// JSON documents: strict reading, faithful writing.
#include <rondo/io/json.hpp>

#include <boost/test/unit_test.hpp>

#include <cmath>

#include "io/temporary_folder.hpp"

using namespace rondo;
using namespace rondo::test;

namespace {

std::string refusal(std::string_view text, BareNumbers bare = BareNumbers::refused) {
  return message_of([&] { parse_json(text, "doc.json", bare); });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(json)

BOOST_AUTO_TEST_CASE(keeps_values_and_the_order_of_keys) {
  const Json document =
      parse_json(R"({"z": [1, -2, 3.5, "\u00e9\n", true, null, {}], "a": {"y": [[]], "b": 18446744073709551615}})", "t");
  BOOST_TEST(document.dump() == R"({"z":[1,-2,3.5,"é\n",true,null,{}],"a":{"y":[[]],"b":18446744073709551615}})");
  BOOST_TEST(parse_json(" 7 ", "t").get<int>() == 7);
}

BOOST_AUTO_TEST_CASE(errors_say_where_and_what) {
  BOOST_TEST(has(refusal("{\"a\": 1,\n  \"b\" 2}"), "doc.json:2:7: not JSON: "));
  BOOST_TEST(has(refusal("{\"a\": 1,\n  \"b\" 2}"), "expected ':'"));
  BOOST_TEST(has(refusal(""), "doc.json:1:1: not JSON: "));
  BOOST_TEST(has(refusal("[1, 2"), "unexpected end of input"));
  BOOST_TEST(has(refusal("[1] 2"), "expected end of input"));
  BOOST_TEST(has(refusal("{\"a\": 1, \"b\": {}, \"a\": 2}"), "the key 'a' is given twice"));
  BOOST_TEST(has(refusal("[1e999]"), "number overflow"));
  BOOST_TEST(has(refusal("\"\xc3(\""), "ill-formed UTF-8"));
  BOOST_TEST(has(refusal("\"\xed\xa0\x80\""), "ill-formed UTF-8"));  // half of a surrogate pair
  BOOST_TEST(has(refusal("\"\\ud800\""), "surrogate"));
  BOOST_TEST(has(refusal(std::string_view("[1]\0", 4)), "doc.json:1:4"));
  BOOST_TEST(has(refusal("// comment\n1"), "not JSON"));
  BOOST_TEST(has(refusal("[1,]"), "not JSON"));
  BOOST_TEST(has(refusal("['a']"), "not JSON"));
}

BOOST_AUTO_TEST_CASE(the_same_key_may_occur_in_different_objects) {
  BOOST_TEST(refusal(R"([{"a": {"a": 1}}, {"a": 2}])") == "no error");
}

BOOST_AUTO_TEST_CASE(nesting_is_limited) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  BOOST_TEST(refusal(nested(200)) == "no error");
  BOOST_TEST(has(refusal(nested(201)), "nested deeper than 200 levels"));
  BOOST_TEST(has(refusal(std::string(1'000'000, '[')), "nested deeper"));
  std::string objects;
  for (int i = 0; i < 100000; ++i) objects += "{\"a\":";
  BOOST_TEST(has(refusal(objects), "nested deeper"));
}

BOOST_AUTO_TEST_CASE(bare_numbers_only_where_allowed) {
  const std::string text =
      R"({"limit": [0.0, Infinity], "low": -Infinity, "none": NaN, "word": "NaN \" -Infinity", "number": 10E1})";
  BOOST_TEST(has(refusal(text), "doc.json:1:17: not JSON"));
  const Json document = parse_json(text, "t", BareNumbers::allowed);
  BOOST_TEST(document["limit"][1].get<double>() == HUGE_VAL);
  BOOST_TEST(document["low"].get<double>() == -HUGE_VAL);
  BOOST_TEST(std::isnan(document["none"].get<double>()));
  BOOST_TEST(document["word"].get<std::string>() == "NaN \" -Infinity");
  BOOST_TEST(document["number"].get<double>() == 100.0);
  for (const char* wrong : {"[Inf]", "[nan]", "[+Infinity]", "[- Infinity]", "[NaNs]", "[Infinity1]", "N", "[-NaN]", "{NaN: 1}"})
    BOOST_TEST(has(refusal(wrong, BareNumbers::allowed), "not JSON"), wrong);
  BOOST_TEST(has(refusal("[NaN, x]", BareNumbers::allowed), "doc.json:1:7"));
}

BOOST_AUTO_TEST_CASE(what_is_written_reads_back) {
  const TemporaryFolder folder;
  const Json document = parse_json(
      R"({"z": [1, 0.1, 1e-300, 123456789012345678], "a": {"e": {}, "l": [[1, 2], ["x\"\\"]], "n": null, "t": []}})", "t");
  write_json(folder / "document.json", document);
  BOOST_TEST((read_json(folder / "document.json") == document));
  BOOST_TEST(content(folder / "document.json") ==
             "{\n  \"z\": [1, 0.1, 1e-300, 123456789012345678],\n  \"a\": {\n    \"e\": {},\n    \"l\": [\n      [1, 2],\n"
             "      [\"x\\\"\\\\\"]\n    ],\n    \"n\": null,\n    \"t\": []\n  }\n}\n");
  BOOST_TEST(folder.entries() == 1);
}

BOOST_AUTO_TEST_CASE(numbers_that_are_not_finite_are_not_written_silently) {
  const TemporaryFolder folder;
  const Json document{{"loss", std::nan("")}, {"limit", {0.0, HUGE_VAL, -HUGE_VAL}}};
  const std::string message = message_of([&] { write_json(folder / "r.json", document); });
  BOOST_TEST(has(message, "r.json: cannot be written: JSON has no number that is not finite, found nan"));
  BOOST_TEST(folder.entries() == 0);
  write_json(folder / "r.json", document, BareNumbers::allowed);
  BOOST_TEST(content(folder / "r.json") == "{\n  \"loss\": NaN,\n  \"limit\": [0.0, Infinity, -Infinity]\n}\n");
  BOOST_TEST(read_json(folder / "r.json", BareNumbers::allowed)["limit"][2].get<double>() == -HUGE_VAL);
}

BOOST_AUTO_TEST_CASE(text_that_is_not_unicode_is_not_written) {
  BOOST_TEST(has(message_of([] { json_text(Json{{"a", "\xff"}}, "x.json"); }), "x.json: cannot be written as JSON"));
}

BOOST_AUTO_TEST_CASE(set_at_makes_the_objects_on_the_way) {
  Json document = parse_json(R"({"seed": 1, "train": {"rate": 0.1}})", "t");
  set_at(document, "train.steps", "1000");
  set_at(document, "shape.width", "512");
  set_at(document, "seed", "2");
  set_at(document, "train.schedule", "cosine");
  set_at(document, "train.path", "1000x");
  set_at(document, "list", "[1, 2]");
  set_at(document, "word", "\"7\"");
  BOOST_TEST(document.dump() == R"({"seed":2,"train":{"rate":0.1,"steps":1000,"schedule":"cosine","path":"1000x"},)"
                                R"("shape":{"width":512},"list":[1,2],"word":"7"})");
  BOOST_TEST(has(message_of([&] { set_at(document, "seed.x", "1"); }), "'seed' is number, not an object"));
  BOOST_TEST(has(message_of([&] { set_at(document, "train..x", "1"); }), "a name is empty"));
  BOOST_TEST(has(message_of([&] { set_at(document, "", "1"); }), "a name is empty"));
}

BOOST_AUTO_TEST_CASE(a_large_object_is_read_in_linear_time) {
  std::string text = "{";
  for (int i = 0; i < 200000; ++i) text += (i > 0 ? ",\"k" : "\"k") + std::to_string(i) + "\":" + std::to_string(i);
  const Json document = parse_json(text + "}", "t");  // minutes if each key were searched for among those before it
  BOOST_TEST(document.size() == 200000u);
}

BOOST_AUTO_TEST_SUITE_END()
