#!/usr/bin/env bash
# Installs what is needed, builds everything and runs every test.
#
#   bash cmake/test.sh                    the release build, matrix products by oneDNN
#   bash cmake/test.sh eigen              the same by Eigen alone
#   bash cmake/test.sh sanitize           address and undefined-behaviour sanitizers (clang's libraries are not needed)
#   bash cmake/test.sh threads            thread sanitizer (clang)
#
# With RONDO_WERROR=ON in the environment warnings are errors.
set -euo pipefail
cd "$(dirname "$0")/.."
source cmake/packages.sh

preset=${1:-release}
case "$preset" in
  release) install_packages xz-utils libopenmpi-dev openmpi-bin ;;
  eigen|sanitize|debug) install_packages xz-utils ;;
  threads) install_packages xz-utils clang libomp-dev ;;
  *) echo "usage: bash cmake/test.sh [release|eigen|sanitize|threads]" >&2; exit 2 ;;
esac

jobs=$(usable_processors)
cmake --preset "$preset" -DRONDO_WERROR="${RONDO_WERROR:-OFF}"
cmake --build --preset "$preset" -j "$jobs"
ctest --preset "$preset" -j "$jobs"
