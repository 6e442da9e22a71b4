// Checkpoints of Mamba2: which compositions have a published form (rondo/model/checkpoint/mamba2_form.hpp) and, unless it is
// compiled elsewhere, how it is read and written (rondo/model/checkpoint/mamba2_files.hpp).
#pragma once

#include <rondo/core/compiled.hpp>
#include <rondo/model/checkpoint/mamba2_form.hpp>
#if RONDO_HEADER_ONLY
#include <rondo/model/checkpoint/mamba2_files.hpp>
#else
#include <rondo/model/host_model.hpp>
namespace rondo {
RONDO_HOST_MODEL(mamba2, Mamba2)
RONDO_HOST_MODEL(mamba2, Mamba2Tied)
RONDO_HOST_MODEL(mamba2, Mamba2::TrunkType)
}  // namespace rondo
#endif
