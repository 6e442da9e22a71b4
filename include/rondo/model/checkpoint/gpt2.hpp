// Checkpoints of GPT-2 and OPT: which compositions have a published form (rondo/model/checkpoint/gpt2_form.hpp) and, unless they are
// compiled elsewhere, how they are read and written (rondo/model/checkpoint/gpt2_files.hpp and opt_files.hpp).
#pragma once

#include <rondo/core/compiled.hpp>
#include <rondo/model/checkpoint/gpt2_form.hpp>
#if RONDO_HEADER_ONLY
#include <rondo/model/checkpoint/gpt2_files.hpp>
#include <rondo/model/checkpoint/opt_files.hpp>
#endif
