# Running something with a time limit that holds.
#
# A command gets its own session and a marker in its environment. When its time is over, everything that belongs to it is
# stopped: the session, the process group, all descendants, every process that carries the marker (also one that called
# setsid and lost its parents), and their descendants in turn. First SIGTERM, and after five seconds SIGKILL until nobody is left.
# Only a process that cleared its environment, left its session and lost its parent before the limit could escape.

# members_of LEADER MARKER SEEN: "PID:START" of each living process that belongs to the run.
members_of() {
  m_marked=$(grep -lzs -- "^PROVISEUR_RUN=.*$2" /proc/[0-9]*/environ | sed 's|^/proc/||; s|/environ$||' | tr '\n' ' ')
  cat /proc/[0-9]*/stat 2>/dev/null | awk -v leader="$1" -v marked="$m_marked" -v seen="$3" '
    BEGIN {
      split(marked, list, " "); for (i in list) in_run[list[i]] = 1
      split(seen, list, " "); for (i in list) known[list[i]] = 1
    }
    {
      pid = $1
      sub(/^.*\) /, "")
      if ($1 == "Z" || $1 == "X") next
      parent[pid] = $2; born[pid] = $20
      if ($3 == leader || $4 == leader || ((pid ":" $20) in known)) in_run[pid] = 1
    }
    END {
      do {
        more = 0
        for (pid in parent) if (!(pid in in_run) && (parent[pid] in in_run)) { in_run[pid] = 1; more = 1 }
      } while (more)
      for (pid in in_run) if (pid in parent) print pid ":" born[pid]
    }'
}

# signal_all SIGNAL MEMBER...
signal_all() {
  sa_signal=$1
  shift
  for sa_one; do kill "-$sa_signal" "${sa_one%%:*}" 2>/dev/null; done
}

stop_run() {
  sr_members=$(members_of "$1" "$2" '' | tr '\n' ' ')
  signal_all TERM $sr_members
  sr_round=0
  while [ $sr_round -lt 100 ]; do
    sleep 0.1
    sr_left=$(members_of "$1" "$2" "$sr_members" | tr '\n' ' ')
    [ -n "$sr_left" ] || return 0
    sr_members="$sr_members $sr_left"
    sr_round=$((sr_round + 1))
    [ $sr_round -lt 50 ] || signal_all KILL $sr_left
  done
  return 1
}

# run_limited MILLISECONDS OUTPUT COMMAND...: its exit code, or 124 and a file OUTPUT.stopped if it was stopped.
# What it prints is appended to OUTPUT; beyond 32 MiB the file is begun anew, so that no command fills the disk.
run_limited() {
  rl_ms=$1
  rl_output=$2
  shift 2
  rl_marker=$(cat /proc/sys/kernel/random/uuid)
  rm -f "$rl_output.stopped"
  PROVISEUR_RUN="${PROVISEUR_RUN-}/$rl_marker" setsid -- "$@" </dev/null >>"$rl_output" 2>&1 8>&- 9>&- &
  rl_leader=$!
  watch_run "$rl_ms" "$rl_output" "$rl_leader" "$rl_marker" </dev/null >/dev/null 2>&1 &
  rl_watch=$!
  # Without a terminal, the shell has nothing to say of a job that was killed; bash says it nevertheless.
  wait $rl_leader 2>/dev/null
  rl_code=$?
  # While the watch is stopping the run's other processes, it must not be stopped itself.
  [ -e "$rl_output.stopped" ] || kill $rl_watch 2>/dev/null
  wait $rl_watch 2>/dev/null
  [ ! -e "$rl_output.stopped" ] || rl_code=124
  return $rl_code
}

# Stops the run when its time is over, or when the shell that started it is gone (killed): nothing is left running that nobody
# knows of. It keeps that shell's locks for so long.
watch_run() {
  trap 'kill "$wr_sleep" 2>/dev/null; exit 0' TERM
  wr_end=$(($(uptime_ms) + $1))
  while wr_left=$((wr_end - $(uptime_ms))) && [ $wr_left -gt 0 ] && kill -0 $$; do
    [ $wr_left -lt 2000 ] || wr_left=2000
    sleep "$((wr_left / 1000)).$(printf %03d $((wr_left % 1000)))" 8>&- 9>&- &
    wr_sleep=$!
    wait $wr_sleep
    [ "$(stat -L -c %s "$2" || echo 0)" -lt 33554432 ] || echo '[…]' >"$2"
  done
  trap '' TERM
  # `true`, not `:`: a special builtin whose redirection fails (a full disk) would end the shell here, with the run alive.
  true >"$2.stopped"
  stop_run "$3" "$4"
}

# watch_self MILLISECONDS: ends this whole process group then; for a look that its client has left. Stop it with TERM.
watch_self() {
  trap 'kill "$ws_sleep" 2>/dev/null; exit 0' TERM
  sleep "$(($1 / 1000))" &
  ws_sleep=$!
  wait $ws_sleep
  kill -KILL 0
}
