// What a reader of foreign bytes offers to be tried out with any bytes at all: by libFuzzer (libfuzzer.cpp) and, in the
// ordinary tests, with changed copies of valid files (mutations.cpp).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rondo::fuzz {

// True where the bytes were read, false where they were refused with rondo::Error. Anything else is a defect.
bool read(std::string_view bytes);

// Valid inputs.
std::vector<std::string> seeds();

}  // namespace rondo::fuzz
