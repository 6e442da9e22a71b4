// Memory, streams, uploads.
#include <rondo/backend/cuda/runtime.cuh>
