// Checkpoints of Mamba: which compositions have a published form (rondo/model/checkpoint/mamba_form.hpp) and, unless it is compiled
// elsewhere, how it is read and written (rondo/model/checkpoint/mamba_files.hpp).
#pragma once

#include <rondo/core/compiled.hpp>
#include <rondo/model/checkpoint/mamba_form.hpp>
#if RONDO_HEADER_ONLY
#include <rondo/model/checkpoint/mamba_files.hpp>
#else
#include <rondo/model/host_model.hpp>
namespace rondo {
RONDO_HOST_MODEL(mamba, Mamba)
RONDO_HOST_MODEL(mamba, MambaUntied)
RONDO_HOST_MODEL(mamba, Mamba::TrunkType)
}  // namespace rondo
#endif
