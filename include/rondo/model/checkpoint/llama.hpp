// Checkpoints of Llama: which compositions have a published form (rondo/model/checkpoint/llama_form.hpp) and, unless it is compiled
// elsewhere, how it is read and written (rondo/model/checkpoint/llama_files.hpp).
#pragma once

#include <rondo/core/compiled.hpp>
#include <rondo/model/checkpoint/llama_form.hpp>
#if RONDO_HEADER_ONLY
#include <rondo/model/checkpoint/llama_files.hpp>
#else
#include <rondo/model/host_model.hpp>
namespace rondo {
RONDO_HOST_MODEL(llama, Llama)
RONDO_HOST_MODEL(llama, LlamaTied)
RONDO_HOST_MODEL(llama, LlamaBiased)
RONDO_HOST_MODEL(llama, LlamaBiasedTied)
RONDO_HOST_MODEL(llama, Llama::TrunkType)
RONDO_HOST_MODEL(llama, LlamaBiased::TrunkType)
}  // namespace rondo
#endif
