// Checkpoints of Hgrn2: which compositions have a published form (rondo/model/checkpoint/hgrn2_form.hpp) and, unless it is compiled
// elsewhere, how it is read and written (rondo/model/checkpoint/hgrn2_files.hpp).
#pragma once

#include <rondo/core/compiled.hpp>
#include <rondo/model/checkpoint/hgrn2_form.hpp>
#if RONDO_HEADER_ONLY
#include <rondo/model/checkpoint/hgrn2_files.hpp>
#else
#include <rondo/model/host_model.hpp>
namespace rondo {
RONDO_HOST_MODEL(hgrn2, Hgrn2)
RONDO_HOST_MODEL(hgrn2, Hgrn2Tied)
RONDO_HOST_MODEL(hgrn2, Hgrn2Convolved)
RONDO_HOST_MODEL(hgrn2, Hgrn2ConvolvedTied)
RONDO_HOST_MODEL(hgrn2, Hgrn2Unbounded)
RONDO_HOST_MODEL(hgrn2, Hgrn2::TrunkType)
RONDO_HOST_MODEL(hgrn2, Hgrn2Convolved::TrunkType)
RONDO_HOST_MODEL(hgrn2, Hgrn2Unbounded::TrunkType)
}  // namespace rondo
#endif
