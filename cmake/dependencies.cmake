# What rondo is built with. Eigen is required; everything else adds a part where it is found. cmake/app.cmake has what programs need.
find_package(Threads REQUIRED)
find_package(Eigen3 3.4 REQUIRED NO_MODULE)
find_package(OpenMP COMPONENTS CXX)
include(cmake/onednn.cmake)
find_package(xtensor CONFIG QUIET)
