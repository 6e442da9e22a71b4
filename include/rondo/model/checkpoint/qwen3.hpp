// Checkpoints of Qwen3: which compositions have a published form (rondo/model/checkpoint/qwen3_form.hpp) and, unless it is compiled
// elsewhere, how it is read and written (rondo/model/checkpoint/qwen3_files.hpp).
#pragma once

#include <rondo/core/compiled.hpp>
#include <rondo/model/checkpoint/qwen3_form.hpp>
#if RONDO_HEADER_ONLY
#include <rondo/model/checkpoint/qwen3_files.hpp>
#else
#include <rondo/model/host_model.hpp>
namespace rondo {
RONDO_HOST_MODEL(qwen3, Qwen3)
RONDO_HOST_MODEL(qwen3, Qwen3Tied)
RONDO_HOST_MODEL(qwen3, Qwen3::TrunkType)
}  // namespace rondo
#endif
