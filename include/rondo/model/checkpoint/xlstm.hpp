// Checkpoints of Xlstm: which compositions have a published form (rondo/model/checkpoint/xlstm_form.hpp) and, unless it is compiled
// elsewhere, how it is read and written (rondo/model/checkpoint/xlstm_files.hpp).
#pragma once

#include <rondo/core/compiled.hpp>
#include <rondo/model/checkpoint/xlstm_form.hpp>
#if RONDO_HEADER_ONLY
#include <rondo/model/checkpoint/xlstm_files.hpp>
#else
#include <rondo/model/host_model.hpp>
namespace rondo {
RONDO_HOST_MODEL(xlstm, Xlstm)
RONDO_HOST_MODEL(xlstm, XlstmTied)
RONDO_HOST_MODEL(xlstm, XlstmBiased)
RONDO_HOST_MODEL(xlstm, XlstmBiasedTied)
RONDO_HOST_MODEL(xlstm, Xlstm::TrunkType)
RONDO_HOST_MODEL(xlstm, XlstmBiased::TrunkType)
}  // namespace rondo
#endif
