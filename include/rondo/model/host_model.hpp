// HostModel: any composition on the host's back-ends - the Cpu, plain loops in double, the plan of a step - as programs use it.
//
//   const HostModel model = host_model<Hgrn2>(shape);
//
// rondo's own compositions are compiled once (rondo/model/checkpoint/NAME.hpp say which); of others a program compiles what is below.
#pragma once

#include <memory>

#include <rondo/backend/standard_recurrences.hpp>
#include <rondo/core/compiled.hpp>
#include <rondo/gate/standard_gates.hpp>
#include <rondo/model/any_model.hpp>

namespace rondo {

using HostModel = AnyModel<CpuContext, ReferenceContext<double>, TraceContext>;

template <class Model>
HostModel host_model(const Shape& shape) {
  return {std::make_shared<const Model>(shape), host_model<Model>};
}

}  // namespace rondo

// A composition, or a trunk, that is compiled once, in the unit of a group (rondo/core/compiled.hpp).
#define RONDO_HOST_MODEL(group, ...) RONDO_COMPILED_ONCE(group) template HostModel host_model<__VA_ARGS__>(const Shape&);
