# One script's check, during a look at the PC. Prints STATUS CODE, a line break, and the end of what the check printed.
# STATUS: exited, stopped (its time was over), late (the time for all checks was over before it began), or run_body's problem.
# Parameters: C_MS C_BUDGET_MS C_USER; functions: check_body, interpreted.
left=$((P_STARTED + C_BUDGET_MS - $(uptime_ms)))
[ "$left" -gt 0 ] || { echo late 0; exit 0; }
[ "$left" -lt "$C_MS" ] || left=$C_MS
mkdir -p -m 0711 "$P_RUN" && folder=$(mktemp -d "$P_RUN/check.XXXXXX") || { echo body-unwritable 0; exit 0; }
check_body "$folder/body"
interpreted "$folder/body" "$left" "$folder/output"
code=$?
if [ -n "$body_problem" ]; then
  echo "$body_problem" 0
elif [ -e "$folder/output.stopped" ]; then
  echo stopped 124
else
  echo exited $code
fi
[ ! -e "$folder/output" ] || tail -c 4096 "$folder/output"
rm -rf "$folder"
