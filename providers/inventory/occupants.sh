# Who works at the PC, a name a line, from what `sessions` (sessions.sh) prints; by the same rules as in sessions.ts.
sessions | awk '
  function block() {
    if (value["Name"] != "" && value["Class"] ~ /^user/ && value["State"] != "closing" &&
      (value["TTY"] != "" || value["Display"] != "" || value["Type"] ~ /^(x11|wayland|mir)$/)) print value["Name"]
    split("", value)
  }
  /^source / { block(); source = $2; next }
  source == "logind" {
    at = index($0, "=")
    if (at == 0) block()
    else value[substr($0, 1, at - 1)] = substr($0, at + 1)
  }
  source == "who" && NF >= 2 { print $1 }
  source == "terminals" && (($2 >= 136 && $2 <= 143) || ($2 == 4 && $3 != "" && $3 < 64)) { print $1 }
  END { block() }
' | sort -u
