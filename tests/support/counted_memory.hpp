// Counts how often a test program asks for memory; link support/counted_memory.cpp.
#pragma once

#include <cstddef>

namespace rondo::test {

std::size_t allocation_count();

}  // namespace rondo::test
