// Checkpoints of Xlstm: which compositions have a published form (rondo/model/checkpoint/xlstm_form.hpp) and, unless it is compiled
// elsewhere, how it is read and written (rondo/model/checkpoint/xlstm_files.hpp).
#pragma once

#include <rondo/core/compiled.hpp>
#include <rondo/model/checkpoint/xlstm_form.hpp>
#if RONDO_HEADER_ONLY
#include <rondo/model/checkpoint/xlstm_files.hpp>
#endif
