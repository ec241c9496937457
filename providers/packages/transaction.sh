# Brings packages to their wanted versions, in one transaction of apt where that is possible.
#
#   1. An interrupted or broken dpkg is repaired first (dpkg --configure -a, apt-get -f install, reinstalling what was cut off).
#   2. The lists are refreshed if they are older than six hours, older than the sources, or lack a wanted version.
#   3. Each wanted version is resolved to the distribution's full version.
#   4. The whole is simulated. If it cannot be done, or would remove a package that no spec declares absent, the changes
#      are tried on one after another, and those that break it are left out and say why: one bad wish must not keep the others from being granted.
#   5. Everything is downloaded, then installed. What failed is tried once more by itself, which shows whose fault it was.
#   6. Holds are set. dpkg's database, not an exit code, tells how each change went.
#
# Recommended packages are not installed: a PC holds what its spec names and what that depends on, whatever the machine's own
# apt configuration says. Nothing is ever removed automatically. Configuration files changed on the PC are kept.
#
# $P_FILES/changes: INDEX NAME KIND(present|latest|version|absent|mark) VERSION(- for none) HOLD(hold|unhold|-) a line.
# $P_FILES/absent: names that may be removed. $P_OUT/result: INDEX ok|CODE ARGUMENT…; $P_OUT/change-INDEX.log: what apt said of it.

work=$(mktemp -d "$P_RUN/packages.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
mkdir "$work/code" "$work/word" "$work/goal"
DEBIAN_FRONTEND=noninteractive
DEBCONF_NONINTERACTIVE_SEEN=true
APT_LISTCHANGES_FRONTEND=none
UCF_FORCE_CONFFOLD=1
NEEDRESTART_SUSPEND=1
export DEBIAN_FRONTEND DEBCONF_NONINTERACTIVE_SEEN APT_LISTCHANGES_FRONTEND UCF_FORCE_CONFFOLD NEEDRESTART_SUSPEND
held_option=
updated=

apt() {
  # shellcheck disable=SC2086
  apt-get -q -y --no-install-recommends --allow-downgrades $held_option -o APT::Get::AutomaticRemove=false \
    -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@"
}

# said COMMAND...: runs it and leaves what it printed in $work/said; its output goes on to the step's own output as it comes.
said() {
  s_from=$(stat -c %s "$P_OUT.out")
  "$@" 2>&1 </dev/null
  s_code=$?
  tail -c "+$((s_from + 1))" "$P_OUT.out" >"$work/said"
  return $s_code
}

lock_held() {
  grep -qE 'Could not get lock|Unable to acquire the dpkg frontend lock|locked by another process|database area is locked' "$work/said"
}

# patient COMMAND...: again while another process holds a lock of apt or dpkg, for a minute in all.
patient() {
  pt_end=$(($(uptime_ms) + 60000))
  while :; do
    said "$@"
    pt_code=$?
    [ $pt_code -ne 0 ] && lock_held && [ "$(uptime_ms)" -lt $pt_end ] || return $pt_code
    sleep 2
  done
}

# verdict INDEX CODE ARGUMENT...: the first one stays.
verdict() {
  [ ! -e "$work/code/$1" ] || return 0
  v_index=$1
  shift
  echo "$*" | tr '\n' ' ' >"$work/code/$v_index"
}

keep_log() {
  tail -c 16384 "$work/said" >"$P_OUT/change-$1.log"
}

status_of() {
  so_arch=${1#*:}
  [ "$so_arch" != "$1" ] || so_arch=$native
  dpkg-query -W -f '${Architecture} ${db:Status-Status}\n' "${1%%:*}" 2>/dev/null |
    awk -v arch="$so_arch" '$1 == arch || $1 == "all" { print $2 }'
}

is_held() {
  apt-mark showhold 2>/dev/null | grep -qxF -e "$1" -e "$1:$native"
}

candidate_of() {
  apt-cache policy -- "$1" 2>/dev/null | awk '$1 == "Candidate:" && $2 != "(none)" { print $2; exit }'
}

versions_of() {
  apt-cache madison -- "$1" 2>/dev/null | awk -F ' *[|] *' '$3 !~ / Sources$/ { print $2 }' | awk '!seen[$0]++'
}

broken_packages() {
  dpkg-query -W -f '${db:Status-Eflag} ${db:Status-Status} ${binary:Package}\n' |
    grep -vE '^ok (installed|config-files|not-installed) ' | cut -d ' ' -f 3
  ls /var/lib/dpkg/updates 2>/dev/null
}

repair() {
  [ -n "$(broken_packages)" ] || return 0
  echo "Proviseur: dpkg was left in the middle of its work; repairing."
  patient dpkg --force-confdef --force-confold --configure -a
  [ -n "$(broken_packages)" ] || return 0
  ! acceptable -f || patient apt -f install
  reinstall_cut_off
}

# What was cut off in its unpacking is not configured by dpkg, and apt holds it for installed: it has to be told to unpack it once more.
reinstall_cut_off() {
  for rc_one in $(dpkg-query -W -f '${db:Status-Eflag} ${db:Status-Status} ${binary:Package}=${Version}\n' |
    awk '$1 == "reinstreq" || $2 == "half-installed" { print $3 }'); do
    ! lists_are_stale || refresh
    if acceptable --reinstall "$rc_one"; then patient apt install --reinstall "$rc_one"; fi
  done
}

lists_are_stale() {
  [ -n "$(find "$P_STATE/apt-updated" -mmin -360 2>/dev/null)" ] || return 0
  [ -n "$(find /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/preferences.d -newer "$P_STATE/apt-updated" 2>/dev/null)" ]
}

refresh() {
  [ -z "$updated" ] || return 0
  if patient apt-get -q update -o APT::Update::Error-Mode=any; then
    updated=yes
    true >"$P_STATE/apt-updated"
  else
    updated=failed
    cp "$work/said" "$work/update-said"
  fi
}

# resolve INDEX NAME KIND VERSION: writes the word for apt-get to $work/word/INDEX and the aim to $work/goal/INDEX; 1: not to be had.
resolve() {
  case $3 in
    absent)
      echo "$2-" >"$work/word/$1"
      ;;
    mark) ;;
    present)
      [ -n "$(installed_version "$2")" ] && return 0
      [ -n "$(candidate_of "$2")" ] || return 1
      echo "$2" >"$work/word/$1"
      ;;
    latest)
      r_best=$(candidate_of "$2")
      [ -n "$r_best" ] || return 1
      echo "$r_best" >"$work/goal/$1"
      [ "$(installed_version "$2")" = "$r_best" ] || echo "$2=$r_best" >"$work/word/$1"
      ;;
    version)
      version_satisfies "$4" "$(installed_version "$2")" && return 0
      r_best=
      for r_one in $(versions_of "$2"); do
        version_satisfies "$4" "$r_one" || continue
        if [ -z "$r_best" ] || dpkg --compare-versions "$r_one" gt "$r_best"; then r_best=$r_one; fi
      done
      [ -n "$r_best" ] || return 1
      echo "$2=$r_best" >"$work/word/$1"
      ;;
  esac
}

unavailable() {
  if [ "$updated" = failed ]; then
    cp "$work/update-said" "$work/said"
    keep_log "$1"
    verdict "$1" update-failed
  elif [ "$3" = version ] && [ -n "$(versions_of "$2")" ]; then
    verdict "$1" version-not-found "$(versions_of "$2" | head -n 20)"
  else
    verdict "$1" package-unknown
  fi
}

# acceptable WORD...: whether apt can do it without removing or changing what nobody asked for; else $work/why says why not.
acceptable() {
  apt -s install "$@" >"$work/said" 2>&1 </dev/null || { echo unsatisfiable >"$work/why"; return 1; }
  ac_others=$(awk '/^Remv / { print $2 }' "$work/said" | grep -vxFf "$P_FILES/absent" | tr '\n' ' ')
  [ -z "$ac_others" ] || { echo "would-remove $ac_others" >"$work/why"; return 1; }
  apt-mark showhold >"$work/held" 2>/dev/null
  ac_others=$(awk '/^(Inst|Remv) / { print $2 }' "$work/said" | grep -xFf "$work/held" | grep -vxFf "$work/ours" | tr '\n' ' ')
  [ -z "$ac_others" ] || { echo "would-change-held $ac_others" >"$work/why"; return 1; }
}

# choose: the indices in $chosen that can be had together, in $chosen; the others have their verdict.
choose() {
  # shellcheck disable=SC2046
  [ -n "$chosen" ] && ! acceptable $(words $chosen) || return 0
  ch_left=$chosen
  chosen=
  ch_more=yes
  # Once more after each success: what stood in the way of a change may be removed by a later one.
  while [ -n "$ch_more" ]; do
    ch_more=
    ch_still=
    for ch_one in $ch_left; do
      # shellcheck disable=SC2046
      if acceptable $(words $chosen $ch_one); then
        chosen="$chosen $ch_one"
        ch_more=yes
      else
        keep_log "$ch_one"
        cp "$work/why" "$work/why.$ch_one"
        ch_still="$ch_still $ch_one"
      fi
    done
    ch_left=$ch_still
  done
  for ch_one in $ch_left; do verdict "$ch_one" "$(cat "$work/why.$ch_one")"; done
}

words() {
  for w_one; do cat "$work/word/$w_one"; done
}

# fetch: downloads for all in $chosen; those whose packages cannot be had are taken out.
fetch() {
  # shellcheck disable=SC2046
  [ -n "$chosen" ] && ! patient apt -d install $(words $chosen) || return 0
  if lock_held; then
    for fe_one in $chosen; do keep_log "$fe_one"; done
    chosen=
    return 1
  fi
  fe_got=
  for fe_one in $chosen; do
    # shellcheck disable=SC2046
    if patient apt -d install $(words $fe_one); then
      fe_got="$fe_got $fe_one"
    else
      keep_log "$fe_one"
      verdict "$fe_one" apt-failed
    fi
  done
  chosen=$fe_got
  choose
}

install() {
  [ -n "$chosen" ] || return 0
  # shellcheck disable=SC2046
  patient apt install $(words $chosen) && return 0
  in_busy=
  if lock_held; then in_busy=yes; fi
  for in_one in $chosen; do keep_log "$in_one"; done
  # No repetition for what nobody could have done now.
  [ -z "$in_busy" ] || return 1
  patient dpkg --force-confdef --force-confold --configure -a
  for in_one in $chosen; do
    is_reached "$in_one" && continue
    # shellcheck disable=SC2046
    acceptable $(words "$in_one") || continue
    # shellcheck disable=SC2046
    patient apt install $(words "$in_one")
    keep_log "$in_one"
  done
}

# is_reached INDEX: by dpkg's database.
is_reached() {
  ir_line=$(awk -v index_="$1" '$1 == index_' "$P_FILES/changes")
  # shellcheck disable=SC2086
  set -- $ir_line
  case $3 in
    absent) case $(status_of "$2") in '' | config-files | not-installed) return 0 ;; *) return 1 ;; esac ;;
    mark) return 0 ;;
    present) [ -n "$(installed_version "$2")" ] ;;
    latest) [ "$(installed_version "$2")" = "$(cat "$work/goal/$1" 2>/dev/null)" ] ;;
    version) version_satisfies "$4" "$(installed_version "$2")" ;;
  esac
}

# mark NAME hold|unhold|-
mark() {
  case $2 in
    hold) is_held "$1" || said apt-mark hold "$1" ;;
    unhold) ! is_held "$1" || said apt-mark unhold "$1" ;;
  esac
}

# One line for each change: reached and marked as wanted, or why not. A wish that seemed impossible may have come true with another.
conclude() {
  while read -r co_index co_name _ _ co_hold; do
    if ! is_reached "$co_index"; then
      verdict "$co_index" apt-failed
      echo "$co_index $(cat "$work/code/$co_index")" >>"$work/result"
    elif mark "$co_name" "$co_hold"; then
      echo "$co_index ok $(installed_version "$co_name")" >>"$work/result"
    else
      keep_log "$co_index"
      echo "$co_index hold-failed" >>"$work/result"
    fi
  done <"$P_FILES/changes"
  keep "$P_OUT/result" <"$work/result"
}

if ! command -v apt-get >/dev/null 2>&1; then
  while read -r index _; do echo "$index apt-missing"; done <"$P_FILES/changes" >"$P_OUT/result"
  exit 1
fi
native=$(dpkg --print-architecture)
cut -d ' ' -f 2 "$P_FILES/changes" >"$work/ours"
while read -r index name _; do
  if is_held "$name"; then held_option=--allow-change-held-packages; fi
done <"$P_FILES/changes"

repair
! lists_are_stale || refresh
chosen=
while read -r index name kind version _; do
  if ! resolve "$index" "$name" "$kind" "$version"; then
    refresh
    resolve "$index" "$name" "$kind" "$version" || { unavailable "$index" "$name" "$kind"; continue; }
  fi
  is_reached "$index" || chosen="$chosen $index"
done <"$P_FILES/changes"
choose
fetch
install
conclude
! grep -qvE '^[0-9]+ ok' "$P_OUT/result"
