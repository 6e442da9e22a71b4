// Checkpoints of Mamba3: which compositions have a published form (rondo/model/checkpoint/mamba3_form.hpp) and, unless it is
// compiled elsewhere, how it is read and written (rondo/model/checkpoint/mamba3_files.hpp).
#pragma once

#include <rondo/core/compiled.hpp>
#include <rondo/model/checkpoint/mamba3_form.hpp>
#if RONDO_HEADER_ONLY
#include <rondo/model/checkpoint/mamba3_files.hpp>
#else
#include <rondo/model/host_model.hpp>
namespace rondo {
RONDO_HOST_MODEL(mamba3, Mamba3)
RONDO_HOST_MODEL(mamba3, Mamba3Tied)
RONDO_HOST_MODEL(mamba3, Mamba3::TrunkType)
RONDO_HOST_MODEL(mamba3, Mamba3Normed)
RONDO_HOST_MODEL(mamba3, Mamba3Normed::TrunkType)
RONDO_HOST_MODEL(mamba3, Mamba3HeavyTail)
RONDO_HOST_MODEL(mamba3, Mamba3HeavyTail::TrunkType)
}  // namespace rondo
#endif
