// Every recorded model of an architecture, whatever its folder is called: logits and gradients in double and on the Cpu, and the
// folder there and back.
#pragma once

#include <rondo/backend/cpu/cpu.hpp>
#include <rondo/backend/reference/reference.hpp>
#include <rondo/model/checkpoint/compositions.hpp>

#include "golden/golden.hpp"
#include "model/round_trip.hpp"

namespace rondo::test {

// The folders of golden/newer with this model_type; each is of one of the Models.
template <class... Models>
void agrees_with_every_folder(const std::string& model_type) {
  each_folder_of(model_type, "golden/newer", [](const std::filesystem::path& place) {
    Compositions<Models...>::with(ModelFolder{place}, [&]<class Model>(const Shape&) {
      agrees_in_double<Model>(place);
      agrees_in_float<Cpu, Model>(place);
      round_trip<Model>(place);
    });
  });
}

}  // namespace rondo::test
