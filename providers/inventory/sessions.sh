# Who works at the PC. With systemd, logind knows, desktops included. Elsewhere: utmp (`who`), and all session leaders with a
# terminal, because a login that could not write to utmp is a login nevertheless. Connections without a terminal,
# such as our own, are nobody at work; nor is a login prompt, nor dpkg, which apt gives a terminal of its own.
TZ=UTC0
export TZ
if [ -d /run/systemd/system ] && command -v loginctl >/dev/null 2>&1; then
  echo source logind
  ids=$(loginctl list-sessions --no-legend --no-pager | awk '{ print $1 }')
  for id in $ids; do
    loginctl show-session --no-pager -p Name -p TTY -p Display -p Class -p State -p Type -p Timestamp "$id"
    echo
  done
else
  echo source who
  who
  echo source terminals
  cat /proc/[0-9]*/stat 2>/dev/null | awk '{
    pid = $1
    name = $0; sub(/^[^(]*\(/, "", name); sub(/\) [^)]*$/, "", name)
    sub(/^.*\) /, "")
    if ($4 == pid && $5 != 0 && name !~ /^(a?getty|[mf]?in?getty|login|apt|apt-get|dpkg)$/) print pid, $5
  }' | while read -r pid device; do
    echo "$(stat -c %U "/proc/$pid" 2>/dev/null) $((device >> 8 & 4095)) $((device & 255 | device >> 12 & 1048320))"
  done
fi
:
