// The entry point of libFuzzer. With RONDO_WRITE_SEEDS=FOLDER in the environment the valid inputs are written there first.
#include <cstdint>
#include <cstdlib>
#include <fstream>

#include "fuzz/target.hpp"

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  if (const char* folder = std::getenv("RONDO_WRITE_SEEDS")) {
    int number = 0;
    for (const std::string& seed : rondo::fuzz::seeds())
      std::ofstream(std::string(folder) + "/seed" + std::to_string(number++)) << seed;
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  rondo::fuzz::read({reinterpret_cast<const char*>(data), size});
  return 0;
}
