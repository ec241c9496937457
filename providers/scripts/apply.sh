# Makes one script's change, unless it is made already. $P_OUT/result: CODE EXITCODE.
#
# $P_STATE/scripts/NAME has at most two lines: `run DIGEST BOOT SECONDS EXITCODE` of the last run, `ok DIGEST BOOT SECONDS` of the
# last success. A success is written only when all that the script did is on the disk (`sync`): after a power cut no
# script counts as done whose work was lost. The other way round a cut in just that moment can run it a second time.
#
# Parameters: S_NAME S_DIGEST S_TRIGGER S_MS; files apply, check; function: interpreted.
record=$P_STATE/scripts/$S_NAME
ln -sf "$P_OUT.out" "$P_OUT/.apply"

result() {
  echo "$1 $2" | keep "$P_OUT/result"
  exit "$2"
}

check_passes() {
  (
    unset P_SECRETS
    interpreted "$P_FILES/check" "$S_MS" "$P_OUT/.apply"
  )
}

is_made() {
  ok_digest=
  ok_boot=
  # shellcheck disable=SC2046
  set -- $(sed -n 's/^ok //p' "$record" 2>/dev/null)
  case $S_TRIGGER in
    once) [ -n "${1-}" ] ;;
    change) [ "${1-}" = "$S_DIGEST" ] ;;
    boot) [ "${2-}" = "$(boot_id)" ] ;;
    check) check_passes ;;
  esac
}

# remember EXITCODE SUCCEEDED
remember() {
  now="$S_DIGEST $(boot_id) $(date +%s)"
  {
    echo "run $now $1"
    if [ "$2" = yes ]; then echo "ok $now"; else sed -n '/^ok /p' "$record" 2>/dev/null; fi
  } | keep "$record"
}

! is_made || result already 0
rm -f "$P_OUT/.apply.stopped"
interpreted "$P_FILES/apply" "$S_MS" "$P_OUT/.apply"
code=$?
[ -z "$body_problem" ] || result "$body_problem" 125
if [ -e "$P_OUT/.apply.stopped" ]; then
  remember 124 no
  result timeout 124
fi
if [ $code -ne 0 ]; then
  remember $code no
  result failed $code
fi
sync
if [ "$S_TRIGGER" = check ] && ! check_passes; then
  remember 0 no
  result check-still-failing 1
fi
remember 0 yes
result ok 0
