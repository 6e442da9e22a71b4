// Any bytes as a configuration: parsed, read with checks, written and parsed again.
#include <rondo/io/object_reader.hpp>

#include <cstdlib>

#include "fuzz/target.hpp"

namespace rondo::fuzz {

namespace {

void read_configuration(const Json& document, Policy policy) {
  int width = 8;
  unsigned seed = 1;
  double rate = 0.1;
  float epsilon = 1e-5f;
  bool tied = false;
  std::string schedule;
  std::vector<int> layers;
  std::vector<std::string> words;
  read_object(
      document, "config.json",
      [&](ObjectReader& config) {
        config.take("seed", seed);
        config.take("words", words);
        config.object("shape", [&](ObjectReader& shape) {
          shape.take("width", width, {1, 1 << 20});
          shape.take("layers", layers);
          shape.take("tied", tied);
        });
        config.object("train", [&](ObjectReader& train) {
          train.take("rate", rate, {0.0, 1.0});
          train.take("epsilon", epsilon);
          train.take("schedule", schedule, {"constant", "cosine"});
        });
      },
      policy);
  if (width < 1 || width > 1 << 20 || !(rate >= 0.0 && rate <= 1.0)) std::abort();
}

bool read_as(std::string_view bytes, BareNumbers bare, Policy policy) {
  try {
    Json document = parse_json(bytes, "config.json", bare);
    const std::string text = json_text(document, "config.json", bare);
    if (json_text(parse_json(text, "written", bare), "written", bare) != text) std::abort();
    read_configuration(document, policy);
    set_at(document, "shape.width", bytes.substr(0, 20));
  } catch (const Error&) {
    return false;
  }
  return true;
}

}  // namespace

bool read(std::string_view bytes) {
  const bool own = read_as(bytes, BareNumbers::refused, Policy::own);
  const bool foreign = read_as(bytes, BareNumbers::allowed, Policy::foreign);
  if (own && !foreign) std::abort();  // what the strict reader takes the lenient one takes too
  return foreign;
}

std::vector<std::string> seeds() {
  return {
      "{}",
      R"({"seed": 7, "shape": {"width": 512, "layers": [1, 2, 3], "tied": true}, "train": {"rate": 1e-3, "epsilon": 1e-5, "schedule": "cosine"}})",
      R"({"words": ["a", "\u00e9\ud83d\ude00", "\\\"\n", "NaN"], "limit": [0.0, Infinity, -Infinity, NaN], "other": {"a": [[], {}, [[null]]]}})",
      "\n{\"train\" : { \"rate\" : 0 } ,\t\"seed\":null, \"big\": 18446744073709551615, \"small\": -9223372036854775808, \"e\": "
      "0E1}\n",
  };
}

}  // namespace rondo::fuzz
