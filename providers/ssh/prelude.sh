# What every program on a PC starts with: a known environment and the few functions that all parts use.
# Parameters: P_STATE (the record's folder), P_RUN (a folder for what need not outlive a restart).

LC_ALL=C.UTF-8
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
unset LANGUAGE CDPATH ENV

# Milliseconds since boot: deadlines must not depend on the PC's clock, which may be wrong or be set meanwhile.
uptime_ms() {
  read -r u_now _ </proc/uptime
  u_part=${u_now#*.}
  echo $((${u_now%.*} * 1000 + 1$u_part * 10 - 1000))
}

boot_id() {
  cat /proc/sys/kernel/random/boot_id
}

# keep FILE: what standard input says, durably and atomically: after a power cut the file is the old one or the new one.
keep() {
  cat >"$1.new" && sync "$1.new" && mv -f "$1.new" "$1" && sync "${1%/*}"
}

# installed_version NAME[:ARCH]: the version of a package that is installed and works; nothing if it is not.
installed_version() {
  iv_arch=${1#*:}
  [ "$iv_arch" != "$1" ] || iv_arch=$(dpkg --print-architecture)
  dpkg-query -W -f '${Architecture} ${db:Status-Status} ${db:Status-Eflag} ${Version}\n' "${1%%:*}" 2>/dev/null |
    while read -r iv_of iv_status iv_flag iv_version; do
      [ "$iv_of" = "$iv_arch" ] || [ "$iv_of" = all ] || continue
      [ "$iv_flag" = ok ] || continue
      case $iv_status in installed | triggers-awaited | triggers-pending) echo "$iv_version" ;; esac
    done
}

# version_satisfies WANTED INSTALLED: equal as dpkg compares, or the upstream part (without epoch and revision) is.
version_satisfies() {
  [ -n "$2" ] || return 1
  dpkg --compare-versions "$2" eq "$1" 2>/dev/null && return 0
  vs_upstream=${2#*:}
  vs_upstream=${vs_upstream%-*}
  dpkg --compare-versions "$vs_upstream" eq "$1" 2>/dev/null
}
