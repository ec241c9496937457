# Carries out one action, detached from whoever asked for it. Holds the flock on `running` (file descriptor 8) until it ends;
# everything that it starts gets that descriptor closed. Each step is a process of its own; what it left is written before the next
# one starts. `exit` is the last thing written: without it the action was interrupted.
# Parameters: P_ID P_LIMIT_MS P_WARN_MS P_WARNING P_TOTAL.

umask 077
cd / || exit 1
dir=$P_STATE/actions/$P_ID
started=$(uptime_ms)
echo "$$ $(boot_id)" >"$dir/pid"

# Whoever is logged in is told, on terminals and, where a desktop can show it, there.
warn() {
  command -v wall >/dev/null 2>&1 && echo "$P_WARNING" | wall 2>/dev/null
  command -v notify-send >/dev/null 2>&1 || return 0
  for w_bus in /run/user/*/bus; do
    [ -S "$w_bus" ] || continue
    w_uid=${w_bus#/run/user/}
    w_uid=${w_uid%/bus}
    setpriv --reuid="$w_uid" --clear-groups -- env DBUS_SESSION_BUS_ADDRESS="unix:path=$w_bus" \
      timeout 5 notify-send -u critical Proviseur "$P_WARNING" 2>/dev/null
  done
}

left() {
  echo $((P_LIMIT_MS - ($(uptime_ms) - started)))
}

run_step() {
  rs_left=$(left)
  if [ "$rs_left" -le 0 ]; then
    echo 0 >"$dir/steps/$1.ms"
    echo deadline >"$dir/steps/$1.code"
    return 1
  fi
  mkdir -p "$dir/steps/$1" "$dir/files/$1"
  echo "$1" >>"$dir/progress"
  rs_start=$(uptime_ms)
  P_LEFT_MS=$rs_left
  P_OUT=$dir/steps/$1
  P_FILES=$dir/files/$1
  P_SECRETS=$P_RUN/$P_ID/$1
  export P_LEFT_MS P_OUT P_FILES P_SECRETS
  run_limited "$rs_left" "$dir/steps/$1.out" sh "$dir/steps/$1.sh"
  rs_code=$?
  [ ! -e "$dir/steps/$1.out.stopped" ] || rs_code=deadline
  rm -rf "${P_RUN:?}/$P_ID/$1"
  # `sync` on each file: after a power cut an exit code must not stand beside an empty output.
  tail -c 65536 "$dir/steps/$1.out" | keep "$dir/steps/$1.out"
  echo $(($(uptime_ms) - rs_start)) >"$dir/steps/$1.ms"
  echo "$rs_code" | keep "$dir/steps/$1.code"
  [ "$rs_code" = 0 ]
}

if [ "$P_WARN_MS" -gt 0 ]; then
  warn 8>&-
  sleep "$((P_WARN_MS / 1000))" 8>&-
fi
failed=0
n=0
while [ $n -lt "$P_TOTAL" ]; do
  run_step $n || failed=1
  n=$((n + 1))
done
rm -rf "${P_RUN:?}/$P_ID"
outcome=done
# No restart on top of a failure: what it left must be looked at first.
if [ -e "$dir/restart.sh" ]; then
  outcome=restarting
  # Nobody may be at work, and somebody has logged in since the action started.
  [ ! -e "$dir/occupants.sh" ] || [ -z "$(sh "$dir/occupants.sh" </dev/null 2>/dev/null 8>&-)" ] || outcome=restart-occupied
  [ $failed -eq 0 ] || outcome=restart-skipped
fi
echo "$outcome $(boot_id)" | keep "$dir/exit"
if [ $outcome = restarting ]; then
  sync
  sh "$dir/restart.sh" >"$dir/restart.out" 2>&1 </dev/null 8>&-
  rs_code=$?
  # Nothing else may start while the machine goes down. If it does not, that is a failure.
  [ $rs_code -ne 0 ] || sleep 300 8>&-
  echo "$rs_code" >"$dir/restart.code"
fi
