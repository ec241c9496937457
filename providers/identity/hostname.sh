# Gives the PC its name: in the kernel, in /etc/hostname, and in the 127.0.1.1 line of /etc/hosts (Debian's way to make
# the own name resolve without DNS). Parameters: I_NAME, I_DOMAIN (may be empty), I_ETC (/etc).

# replace FILE: with standard input; atomically, or in place where the file is a mount of its own, as in containers.
replace() {
  re_new=$(mktemp "$1.XXXXXX") && cat >"$re_new" && chmod 0644 "$re_new" || return 1
  mv -f "$re_new" "$1" 2>/dev/null && return 0
  cat "$re_new" >"$1" && rm -f "$re_new"
}

# The line's other aliases stay, the old name goes; a missing line is added at the end.
new_hosts() {
  awk -v name="$I_NAME" -v domain="$I_DOMAIN" -v old="$1" '
    function line(rest) { return "127.0.1.1\t" (domain == "" ? "" : name "." domain " ") name rest }
    $1 == "127.0.1.1" {
      if (done) next
      rest = ""
      for (i = 2; i <= NF; i++) {
        if ($i ~ /^#/) break
        short = $i; sub(/\..*/, "", short)
        if (short != old && short != name) rest = rest " " $i
      }
      print line(rest); done = 1; next
    }
    { print }
    END { if (!done) print line("") }' "$I_ETC/hosts"
}

old=$(cat "$I_ETC/hostname" 2>/dev/null)
[ -e "$I_ETC/hosts" ] || printf '127.0.0.1\tlocalhost\n::1\tlocalhost\n' | replace "$I_ETC/hosts" || exit 1
new_hosts "${old%%.*}" | replace "$I_ETC/hosts" || exit 1
if [ "$I_ETC" = /etc ] && [ -d /run/systemd/system ] && command -v hostnamectl >/dev/null 2>&1; then
  hostnamectl set-hostname "$I_NAME" || exit 1
else
  echo "$I_NAME" | replace "$I_ETC/hostname" || exit 1
  [ "$I_ETC" != /etc ] || hostname "$I_NAME" || exit 1
fi
