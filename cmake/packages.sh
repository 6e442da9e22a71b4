# Sourced by the scripts: what a machine has and lacks.

# install_packages: what rondo is built with on Debian 12 or 13 (or a derivative), as root or through sudo, and the packages that are named.
# Packages that are there already cost nothing; without a package manager it says what is needed and goes on.

rondo_packages="g++ cmake ninja-build libeigen3-dev libdnnl-dev nlohmann-json3-dev libcli11-dev libxtensor-dev libboost-test-dev
  libutf8proc-dev libonig-dev libsentencepiece-dev libzip-dev"

install_packages() {
  missing=""
  for package in $rondo_packages "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q "install ok installed" || missing="$missing $package"
  done
  [ -z "$missing" ] && return 0
  if ! command -v apt-get >/dev/null 2>&1; then
    echo "rondo: there is no apt-get here; install the equivalents of:$missing" >&2
    return 0
  fi
  as_root=""
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null 2>&1 || { echo "rondo: to install$missing this needs root or sudo" >&2; return 1; }
    as_root=sudo
  fi
  echo "rondo: installing$missing"
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  # shellcheck disable=SC2086
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
}

# usable_processors: how many processes may run at once by the affinity mask and the quotas of control groups, as
# include/rondo/core/processors.hpp has it. An argument stands before /proc and /sys.
usable_processors() {
  local root=${1:-} count controllers group mount mounts path folder quota period
  count=$(nproc)
  [ -r "$root/proc/self/cgroup" ] || { echo "$count"; return; }
  while IFS=: read -r _ controllers group; do
    case ",$controllers," in
      ,,) mounts=("" /unified) ;;
      *,cpu,*) mounts=(/cpu "/$controllers") ;;
      *) continue ;;
    esac
    for mount in "${mounts[@]}"; do
      path=$group
      while true; do  # the group, and those that it lies in
        quota=max
        folder=$root/sys/fs/cgroup$mount$path
        if [ -r "$folder/cpu.max" ]; then
          read -r quota period <"$folder/cpu.max"
        elif [ -r "$folder/cpu.cfs_quota_us" ]; then
          quota=$(<"$folder/cpu.cfs_quota_us") period=$(<"$folder/cpu.cfs_period_us")
        fi
        if [ "$quota" != max ] && [ "$quota" -gt 0 ]; then
          quota=$(((quota + period - 1) / period))
          [ "$quota" -ge "$count" ] || count=$quota
        fi
        [ -n "$path" ] || break
        path=${path%/*}
      done
    done
  done <"$root/proc/self/cgroup"
  echo "$count"
}
