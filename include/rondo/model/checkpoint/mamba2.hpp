// Checkpoints of Mamba2: which compositions have a published form (rondo/model/checkpoint/mamba2_form.hpp) and, unless it is
// compiled elsewhere, how it is read and written (rondo/model/checkpoint/mamba2_files.hpp).
#pragma once

#include <rondo/core/compiled.hpp>
#include <rondo/model/checkpoint/mamba2_form.hpp>
#if RONDO_HEADER_ONLY
#include <rondo/model/checkpoint/mamba2_files.hpp>
#endif
