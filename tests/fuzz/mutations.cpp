// Valid inputs, changed at random a few times each, with a fixed seed: what libFuzzer does, in a second and every time.
#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "fuzz/target.hpp"

namespace {

class Mutator {
 public:
  explicit Mutator(std::vector<std::string> seeds) : seeds_(std::move(seeds)) {}

  std::string operator()() {
    std::string bytes = seeds_[below(seeds_.size())];
    for (std::size_t changes = 1 + below(4); changes > 0; --changes) change(bytes);
    return bytes;
  }

 private:
  std::size_t below(std::size_t bound) { return bound == 0 ? 0 : random_() % bound; }

  void change(std::string& bytes) {
    static const std::string telling = "{}[]\",:\\0129-+.eEtnNI \n\t\x7f\x80\xc3\xed\xff";
    static const std::vector<std::string> words{"18446744073709551615",
                                                "-1",
                                                "9223372036854775807",
                                                "4611686018427387912",
                                                "2147483647",
                                                "1e300",
                                                "1e309",
                                                "null",
                                                "[]",
                                                "{}",
                                                "NaN",
                                                "0",
                                                "\"\"",
                                                "[[",
                                                "\\u0000",
                                                "\"a\":",
                                                "\xf0\x9f\x98\x80"};
    const std::size_t place = below(bytes.size() + 1);
    const std::size_t length = below(std::min<std::size_t>(bytes.size() - place, 1 + below(64)) + 1);
    const std::string& other = seeds_[below(seeds_.size())];
    switch (below(9)) {
      case 0:
        bytes.resize(place);
        break;
      case 1:
        bytes.erase(place, length);
        break;
      case 2:
        bytes.insert(place, bytes.substr(place, length));
        break;
      case 3:
        bytes.insert(place, 1, telling[below(telling.size())]);
        break;
      case 4:
        bytes.insert(place, words[below(words.size())]);
        break;
      case 5:
        bytes.replace(place, length, other.substr(below(other.size()), below(64)));
        break;
      case 6:
        if (place < bytes.size()) bytes[place] = static_cast<char>(bytes[place] ^ (1 << below(8)));
        break;
      case 7:
        if (place < bytes.size()) bytes[place] = telling[below(telling.size())];
        break;
      default: {  // another digit in the place of a digit
        const std::size_t digit = bytes.find_first_of("0123456789", place);
        if (digit != std::string::npos) bytes[digit] = static_cast<char>('0' + below(10));
      }
    }
  }

  std::vector<std::string> seeds_;
  std::mt19937_64 random_{20240617};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(mutations)

BOOST_AUTO_TEST_CASE(valid_inputs_are_read) {
  for (const std::string& seed : rondo::fuzz::seeds()) BOOST_TEST(rondo::fuzz::read(seed), seed.substr(0, 200));
}

BOOST_AUTO_TEST_CASE(changed_inputs_are_read_or_refused) {
  Mutator mutated{rondo::fuzz::seeds()};
  int read = 0, refused = 0;
  const char* const asked = std::getenv("RONDO_MUTATIONS");  // how many, where 20000 are not enough
  const int count = asked ? std::atoi(asked) : 20000;
  for (int i = 0; i < count; ++i) {
    const std::string bytes = mutated();
    BOOST_TEST_CONTEXT("input " << i << ": " << bytes.substr(0, 400)) {
      ++(rondo::fuzz::read(bytes) ? read : refused);
    }
  }
  BOOST_TEST(read > 100);
  BOOST_TEST(refused > 1000);
}

BOOST_AUTO_TEST_SUITE_END()
