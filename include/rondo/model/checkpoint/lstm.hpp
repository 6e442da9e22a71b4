// Checkpoints of Lstm: which compositions have a published form (rondo/model/checkpoint/lstm_form.hpp) and, unless it is compiled
// elsewhere, how it is read and written (rondo/model/checkpoint/lstm_files.hpp).
#pragma once

#include <rondo/core/compiled.hpp>
#include <rondo/model/checkpoint/lstm_form.hpp>
#if RONDO_HEADER_ONLY
#include <rondo/model/checkpoint/lstm_files.hpp>
#else
#include <rondo/model/host_model.hpp>
namespace rondo {
RONDO_HOST_MODEL(lstm, ResidualLstm)
RONDO_HOST_MODEL(lstm, Lstm)
RONDO_HOST_MODEL(lstm, LstmTied)
RONDO_HOST_MODEL(lstm, ResidualLstm::TrunkType)
RONDO_HOST_MODEL(lstm, Lstm::TrunkType)
}  // namespace rondo
#endif
