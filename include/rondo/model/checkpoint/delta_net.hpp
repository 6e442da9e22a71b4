// Checkpoints of DeltaNet, Gated DeltaNet and Kimi delta attention: which compositions have a published form
// (rondo/model/checkpoint/delta_net_form.hpp) and, unless it is compiled elsewhere, how it is read and written
// (rondo/model/checkpoint/delta_net_files.hpp).
#pragma once

#include <rondo/core/compiled.hpp>
#include <rondo/model/checkpoint/delta_net_form.hpp>
#if RONDO_HEADER_ONLY
#include <rondo/model/checkpoint/delta_net_files.hpp>
#else
#include <rondo/model/host_model.hpp>
namespace rondo {
RONDO_HOST_MODEL(delta_net, DeltaNet)
RONDO_HOST_MODEL(delta_net, DeltaNetTied)
RONDO_HOST_MODEL(delta_net, DeltaNetTurning)
RONDO_HOST_MODEL(delta_net, DeltaNetGated)
RONDO_HOST_MODEL(delta_net, DeltaNetGatedTurning)
RONDO_HOST_MODEL(delta_net, GatedDeltaNet)
RONDO_HOST_MODEL(delta_net, GatedDeltaNetTied)
RONDO_HOST_MODEL(delta_net, GatedDeltaNetUngated)
RONDO_HOST_MODEL(delta_net, GatedDeltaNetTurning)
RONDO_HOST_MODEL(delta_net, GatedDeltaNetPlainTurning)
RONDO_HOST_MODEL(delta_net, Kda)
RONDO_HOST_MODEL(delta_net, KdaTied)
RONDO_HOST_MODEL(delta_net, KdaBounded)
}  // namespace rondo
#endif
