// Checkpoints of GPT-2 and OPT: which compositions have a published form (rondo/model/checkpoint/gpt2_form.hpp) and, unless they are
// compiled elsewhere, how they are read and written (rondo/model/checkpoint/gpt2_files.hpp and opt_files.hpp).
#pragma once

#include <rondo/core/compiled.hpp>
#include <rondo/model/checkpoint/gpt2_form.hpp>
#if RONDO_HEADER_ONLY
#include <rondo/model/checkpoint/gpt2_files.hpp>
#include <rondo/model/checkpoint/opt_files.hpp>
#else
#include <rondo/model/host_model.hpp>
namespace rondo {
RONDO_HOST_MODEL(gpt2, Gpt2)
RONDO_HOST_MODEL(gpt2, Gpt2Untied)
RONDO_HOST_MODEL(gpt2, Opt)
RONDO_HOST_MODEL(gpt2, OptUntied)
RONDO_HOST_MODEL(gpt2, Gpt2::TrunkType)
RONDO_HOST_MODEL(gpt2, Opt::TrunkType)
}  // namespace rondo
#endif
