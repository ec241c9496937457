# The PC's half of an action: decides under a lock whether the action may start, starts it detached or joins it, and tells
# how it goes until it ends. Run by `sh` from standard input, as root; defines a function and nothing else, so that a program
# that was cut off on the way does nothing at all.
#
# The record, in P_STATE (mode 0700):
#   fence            "EPOCH GENERATION CONTENT": the newest target that this PC obeyed
#   lock             flock: held while deciding
#   running          the id of the action that was started last; flock: held while it runs
#   actions/ID/      payload (run.sh, steps/N.sh, files/N/…), pid, progress, steps/N.{out,code,ms}, steps/N/…, exit
#   scripts/NAME     the last run and the last success of a script
#
# Parameters: P_MARK P_ID P_EPOCH P_GENERATION P_CONTENT P_TOTAL P_LIMIT_MS; functions: check_expectations, occupants,
# write_payload, write_secrets.

tell() {
  printf '%s say' "$P_MARK"
  printf ' %s' "$@"
  printf '\n'
}

# show NAME FILE: the last 16 KiB of a file, as a section.
show() {
  printf '%s begin %s\n' "$P_MARK" "$1"
  tail -c 16384 -- "$2"
  printf '\n%s end %s %s\n' "$P_MARK" "$1" $?
}

# refuse CODE [DETAIL]: nothing was started.
refuse() {
  tell refused "$1"
  printf '%s begin refused\n%s\n%s end refused 0\n' "$P_MARK" "${2-}" "$P_MARK"
  exit 0
}

require_tools() {
  rt_missing=
  for rt_tool in awk base64 cat dpkg dpkg-query find flock grep head mkdir mktemp mv rm sed setsid sleep stat sync tail tr; do
    command -v $rt_tool >/dev/null 2>&1 || rt_missing="$rt_missing $rt_tool"
  done
  [ -z "$rt_missing" ] || refuse tools-missing "${rt_missing# }"
}

open_record() {
  # Writing a block shows a full disk now, rather than in the middle of a step.
  or_error=$({
    mkdir -p -m 0700 -- "$P_STATE" "$P_STATE/actions" "$P_STATE/scripts" && chmod 0700 "$P_STATE" &&
      mkdir -p -m 0711 -- "$P_RUN" && head -c 65536 /dev/zero >"$P_STATE/probe" && sync "$P_STATE/probe" &&
      rm -f "$P_STATE/probe" && : >>"$P_STATE/lock"
  } 2>&1) || { rm -f "$P_STATE/probe"; refuse record-unwritable "$or_error"; }
  exec 9>>"$P_STATE/lock"
  flock -w 30 9 || refuse record-busy
}

# Older than what this PC obeyed, or the same generation with other contents: refused. Newer: obeyed from now on.
pass_fence() {
  if [ -e "$P_STATE/fence" ]; then
    read -r pf_epoch pf_generation pf_content <"$P_STATE/fence" || :
    case "$pf_epoch/$pf_generation" in /* | */ | *[!0-9/]*) refuse fence-unreadable "$P_STATE/fence" ;; esac
    pf_known="$pf_epoch $pf_generation $pf_content"
    if [ "$P_EPOCH" -lt "$pf_epoch" ]; then refuse fence-older "$pf_known"; fi
    if [ "$P_EPOCH" -eq "$pf_epoch" ]; then
      [ "$P_GENERATION" -ge "$pf_generation" ] || refuse fence-older "$pf_known"
      if [ "$P_GENERATION" -eq "$pf_generation" ]; then
        [ "$P_CONTENT" = "$pf_content" ] || refuse fence-conflict "$pf_known"
        return 0
      fi
    fi
  fi
  pf_error=$({ echo "$P_EPOCH $P_GENERATION $P_CONTENT" | keep "$P_STATE/fence"; } 2>&1) || refuse record-unwritable "$pf_error"
}

# expect NAME VERSION KIND WANTED: the plan saw VERSION ('' for none); a change that is made already does not spoil it.
expect() {
  e_now=$(installed_version "$1")
  [ "$e_now" != "$2" ] || return 0
  case $3 in
    absent) [ -n "$e_now" ] || return 0 ;;
    present) [ -z "$e_now" ] || return 0 ;;
    version) if version_satisfies "$4" "$e_now"; then return 0; fi ;;
  esac
  e_wrong="$e_wrong$1 ${2:-none} ${e_now:-none}
"
}

# Whoever logged in since the plan was made is not disturbed.
expect_nobody() {
  en_here=$(occupants </dev/null | tr '\n' ' ')
  [ -z "$en_here" ] || refuse occupied "${en_here% }"
}

# An action that ended is kept, so that whoever asks again learns its outcome; the oldest go.
prune_actions() {
  # The names are our own ids: hexadecimal digits.
  ls -1t "$P_STATE/actions" 2>/dev/null | tail -n +101 | while read -r pa_id; do
    [ -n "$(find "$P_STATE/actions/$pa_id" -maxdepth 0 -mtime +1)" ] && rm -rf "$P_STATE/actions/$pa_id"
  done
  rm -rf "$P_STATE"/actions/.new-*
}

start_action() {
  exec 8>>"$P_STATE/running"
  # A look at the machine holds this lock for an instant: hence two seconds.
  flock -w 2 8 || refuse another-action "$(cat "$P_STATE/running")"
  e_wrong=
  check_expectations
  [ -z "$e_wrong" ] || refuse wrong-precondition "$e_wrong"
  prune_actions
  sa_new=$P_STATE/actions/.new-$P_ID
  sa_error=$({ mkdir -p "$sa_new/steps" "$sa_new/files" && write_payload "$sa_new" && find "$sa_new" -type f -exec sync {} + && mv "$sa_new" "$1" && sync "$P_STATE/actions"; } 2>&1) ||
    { rm -rf "$sa_new"; refuse record-unwritable "$sa_error"; }
  sa_error=$({ write_secrets "$P_RUN/$P_ID"; } 2>&1) || { rm -rf "$1" "$P_RUN/$P_ID"; refuse record-unwritable "$sa_error"; }
  echo "$P_ID" >"$P_STATE/running"
  # It inherits the lock on `running` and holds it until it ends, however it ends.
  setsid -- sh "$1/run.sh" </dev/null >"$1/log" 2>&1 9>&- &
  exec 8>&-
}

# It has not written its end, and the process that holds `running` is its own. A power cut or a kill takes the lock away with the process.
is_alive() {
  [ ! -e "$P_STATE/actions/$P_ID/exit" ] && [ "$(cat "$P_STATE/running" 2>/dev/null)" = "$P_ID" ] && ! flock -n -s "$P_STATE/running" true
}

follow() {
  f_lines=0
  f_last=
  while :; do
    f_over=0
    is_alive || f_over=1
    f_step=$(tail -n 1 "$1/progress" 2>/dev/null)
    f_line=$(tail -c 4096 "$1/steps/$f_step.out" 2>/dev/null | tr '\r' '\n' | grep -v '^[[:space:]]*$' | tail -n 1)
    if [ -n "$f_step" ] && [ "$f_step $f_line" != "$f_last" ]; then
      f_last="$f_step $f_line"
      # A client that is gone makes this fail: then there is nobody to follow for.
      tell progress "$f_step" "$f_line" || exit 0
    fi
    [ $f_over -eq 0 ] || return 0
    sleep 0.2
  done
}

report_results() {
  n=0
  while [ $n -lt "$P_TOTAL" ]; do
    if [ -e "$1/steps/$n.code" ]; then
      tell step $n "$(cat "$1/steps/$n.code")" "$(cat "$1/steps/$n.ms")"
      [ ! -e "$1/steps/$n.out" ] || show "step/$n/output" "$1/steps/$n.out"
      for rr_file in "$1/steps/$n"/*; do
        [ ! -f "$rr_file" ] || show "step/$n/file/${rr_file##*/}" "$rr_file"
      done
    fi
    n=$((n + 1))
  done
  if [ -e "$1/restart.code" ]; then
    tell restart-failed "$(cat "$1/restart.code")"
    show restart "$1/restart.out"
  fi
  show log "$1/log"
  if [ -e "$1/exit" ]; then
    tell ended "$(cat "$1/exit")" "$(boot_id)"
  else
    tell interrupted
  fi
}

main() {
  umask 077
  require_tools
  open_record
  m_dir=$P_STATE/actions/$P_ID
  if [ -d "$m_dir" ]; then
    tell joined
  else
    pass_fence
    [ "$P_LIMIT_MS" -gt 0 ] || refuse deadline-passed
    start_action "$m_dir"
    tell started
  fi
  exec 9>&-
  follow "$m_dir"
  report_results "$m_dir"
}
