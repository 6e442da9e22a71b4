// Checkpoints of Hgrn1: which compositions have a published form (rondo/model/checkpoint/hgrn1_form.hpp) and, unless it is compiled
// elsewhere, how it is read and written (rondo/model/checkpoint/hgrn1_files.hpp).
#pragma once

#include <rondo/core/compiled.hpp>
#include <rondo/model/checkpoint/hgrn1_form.hpp>
#if RONDO_HEADER_ONLY
#include <rondo/model/checkpoint/hgrn1_files.hpp>
#else
#include <rondo/model/host_model.hpp>
namespace rondo {
RONDO_HOST_MODEL(hgrn1, Hgrn1)
RONDO_HOST_MODEL(hgrn1, Hgrn1Tied)
RONDO_HOST_MODEL(hgrn1, Hgrn1Convolved)
RONDO_HOST_MODEL(hgrn1, Hgrn1ConvolvedTied)
RONDO_HOST_MODEL(hgrn1, Hgrn1Unbounded)
RONDO_HOST_MODEL(hgrn1, Hgrn1::TrunkType)
RONDO_HOST_MODEL(hgrn1, Hgrn1Convolved::TrunkType)
RONDO_HOST_MODEL(hgrn1, Hgrn1Unbounded::TrunkType)
}  // namespace rondo
#endif
