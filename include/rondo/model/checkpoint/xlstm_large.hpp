// Checkpoints of xLSTM-large: which compositions have a published form (rondo/model/checkpoint/xlstm_large_form.hpp) and, unless it is
// compiled elsewhere, how it is read and written (rondo/model/checkpoint/xlstm_large_files.hpp).
#pragma once

#include <rondo/core/compiled.hpp>
#include <rondo/model/checkpoint/xlstm_large_form.hpp>
#if RONDO_HEADER_ONLY
#include <rondo/model/checkpoint/xlstm_large_files.hpp>
#else
#include <rondo/model/host_model.hpp>
namespace rondo {
RONDO_HOST_MODEL(xlstm_large, XlstmLarge)
RONDO_HOST_MODEL(xlstm_large, XlstmLargeTied)
RONDO_HOST_MODEL(xlstm_large, XlstmLarge::TrunkType)
}  // namespace rondo
#endif
