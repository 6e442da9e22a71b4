#pragma once
#include <rondo/backend/cpu/vector_math.hpp>
