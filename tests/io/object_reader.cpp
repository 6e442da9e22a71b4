// ObjectReader: configurations are taken completely, or refused with the place, what was expected and what was found.
#include <rondo/io/object_reader.hpp>

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <cstdint>
#include <filesystem>

#include "io/temporary_folder.hpp"

using namespace rondo;
using namespace rondo::test;

namespace {

struct Options {
  unsigned seed = 1;
  double rate = 0.1;
  float small = 1;
  bool quiet = false;
  long steps = 5;
  std::int8_t tiny = 0;
  std::string schedule = "constant";
  std::filesystem::path data = "tokens";
  std::vector<int> layers{1};
};

Options read(const std::string& text, Policy policy = Policy::own) {
  Options options;
  const auto take_all = [&](ObjectReader& run) {
    run.take("seed", options.seed);
    run.take("rate", options.rate, {0.0, 1.0});
    run.take("small", options.small);
    run.take("quiet", options.quiet);
    run.take("tiny", options.tiny);
    run.take("layers", options.layers);
    run.object("train", [&](ObjectReader& train) {
      train.take("steps", options.steps, at_least(1L));
      train.take("schedule", options.schedule, {"constant", "cosine"});
      train.object("files", [&](ObjectReader& files) { files.take("data", options.data); });
    });
  };
  read_object(parse_json(text, "run.json", BareNumbers::allowed), "run.json", take_all, policy);
  return options;
}
std::string refusal(const std::string& text, Policy policy = Policy::own) {
  return message_of([&] { read(text, policy); });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(object_reader)

BOOST_AUTO_TEST_CASE(values_arrive_and_absent_ones_stay) {
  const Options options = read(R"({"seed": 4294967295, "rate": 1, "small": 1e-3, "quiet": true, "tiny": -128, "layers": [3, 1e1],
                                   "train": {"steps": 1e6, "schedule": "cosine", "files": {"data": "a/b"}}})");
  BOOST_TEST(options.seed == 4294967295u);
  BOOST_TEST(options.rate == 1.0);
  BOOST_TEST(options.small == 1e-3f);
  BOOST_TEST(options.quiet);
  BOOST_TEST(options.tiny == -128);
  BOOST_TEST((options.layers == std::vector<int>{3, 10}));
  BOOST_TEST(options.steps == 1000000);
  BOOST_TEST(options.schedule == "cosine");
  BOOST_TEST(options.data == "a/b");
  BOOST_TEST(read("{}").steps == 5);
  BOOST_TEST(read(R"({"small": Infinity})").small == HUGE_VALF);
}

BOOST_AUTO_TEST_CASE(unknown_keys_are_named_with_the_nearest_known_one) {
  BOOST_TEST(refusal(R"({"train": {"stepz": 3}})") == "run.json: train.stepz: unknown key; did you mean 'steps'?");
  BOOST_TEST(refusal(R"({"train": {"files": {"date": 3}}})") == "run.json: train.files.date: unknown key; did you mean 'data'?");
  BOOST_TEST(refusal(R"({"sede": 1, "zzzzzz": 2})") == "run.json: sede: unknown key; did you mean 'seed'?; zzzzzz: unknown key");
}

BOOST_AUTO_TEST_CASE(wrong_values_are_named_with_what_was_expected) {
  const std::pair<const char*, const char*> table[] = {
      {R"([])", "run.json: expected an object, found []"},
      {R"({"train": 3})", "run.json: train: expected an object, found 3"},
      {R"({"seed": -1})", "run.json: seed: expected an integer from 0 to 4294967295, found -1"},
      {R"({"seed": 4294967296})", "run.json: seed: expected an integer from 0 to 4294967295, found 4294967296"},
      {R"({"seed": 1.5})", "run.json: seed: expected an integer of at least 0, found 1.5"},
      {R"({"seed": null})", "run.json: seed: expected an integer of at least 0, found null"},
      {R"({"seed": true})", "run.json: seed: expected an integer of at least 0, found true"},
      {R"({"tiny": 128})", "run.json: tiny: expected an integer from -128 to 127, found 128"},
      {R"({"tiny": 1e300})", "run.json: tiny: expected an integer, found 1e+300"},
      {R"({"tiny": NaN})", "run.json: tiny: expected an integer, found null"},
      {R"({"rate": 1.5})", "run.json: rate: expected a number from 0 to 1, found 1.5"},
      {R"({"rate": NaN})", "run.json: rate: expected a number from 0 to 1, found null"},
      {R"({"rate": "0.1"})", "run.json: rate: expected a number from 0 to 1, found \"0.1\""},
      {R"({"small": 1e39})", "run.json: small: expected a number, found 1e+39"},
      {R"({"quiet": 1})", "run.json: quiet: expected true or false, found 1"},
      {R"({"layers": 1})", "run.json: layers: expected an array, found 1"},
      {R"({"layers": [1, "x"]})", "run.json: layers[1]: expected an integer, found \"x\""},
      {R"({"train": {"steps": 0}})", "run.json: train.steps: expected an integer of at least 1, found 0"},
      {R"({"train": {"schedule": "linear"}})",
       "run.json: train.schedule: expected one of 'constant', 'cosine', found \"linear\""},
      {R"({"train": {"files": {"data": ["a"]}}})", "run.json: train.files.data: expected a text, found [\"a\"]"},
  };
  for (const auto& [text, message] : table) BOOST_TEST(refusal(text) == message, text << " gave " << refusal(text));
}

BOOST_AUTO_TEST_CASE(long_values_are_shown_in_part) {
  const std::string message = refusal("{\"seed\": \"" + std::string(10000, 'x') + "\"}");
  BOOST_TEST(message.size() < 200u);
  BOOST_TEST(message.ends_with("x..."));
}

BOOST_AUTO_TEST_CASE(foreign_files_may_have_other_keys_and_nulls) {
  const Options options = read(R"({"architectures": ["X"], "seed": null, "train": {"steps": 7, "other": {}}})", Policy::foreign);
  BOOST_TEST(options.seed == 1u);
  BOOST_TEST(options.steps == 7);
  BOOST_TEST(has(refusal(R"({"seed": "x"})", Policy::foreign), "expected an integer"));
}

BOOST_AUTO_TEST_CASE(a_value_that_must_be_there) {
  const Json document = parse_json(R"({"width": 8})", "t");
  ObjectReader reader{document, "config.json", "shape"};
  BOOST_TEST(reader.get<int>("width", Between{1, 100}) == 8);
  BOOST_TEST(message_of([&] { reader.get<int>("depth"); }) == "config.json: shape.depth: missing; expected an integer");
}

BOOST_AUTO_TEST_CASE(distances_between_words) {
  BOOST_TEST(edit_distance("", "abc") == 3u);
  BOOST_TEST(edit_distance("kitten", "sitting") == 3u);
  BOOST_TEST(edit_distance("steps", "steps") == 0u);
  BOOST_TEST(nearest_word("vocab_sise", {"vocab_size", "hidden_size"}) == "vocab_size");
  BOOST_TEST(nearest_word("zz", {"ab", "cd"}) == "");
}

BOOST_AUTO_TEST_SUITE_END()
