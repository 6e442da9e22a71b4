// The models of all of rondo's architectures, for a program that trains one of them alone and reads folders of others: compiled once, with
// rondo::compiled (rondo/app/every_architecture_models.hpp). A program of headers alone knows the models that it serves.
//
//   std::vector<ServedModel> known = every_architecture();
#pragma once

#include <vector>

#include <rondo/app/served_model.hpp>
#include <rondo/core/compiled.hpp>

namespace rondo::app {

std::vector<ServedModel> every_architecture();

}  // namespace rondo::app
