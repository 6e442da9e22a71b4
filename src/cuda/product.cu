// Matrix products.
#include <rondo/backend/cuda/product.cuh>
