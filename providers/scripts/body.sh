# run_body BODY MILLISECONDS OUTPUT USER INTERPRETER...: runs a copy of a script's body with a limit, as a user ('' for root).
# Its exit code; 124 and OUTPUT.stopped if it was stopped; 125 and the reason in $body_problem if it could not be run.
# The copy is where that user can read it, and nobody else. Each file in $P_SECRETS (if set) becomes an environment
# variable of that name: never an argument, which everybody on the PC could read.
run_body() {
  rb_body=$1
  rb_ms=$2
  rb_output=$3
  rb_user=${4:-root}
  shift 4
  body_problem=
  rb_entry=$(getent passwd "$rb_user") || { body_problem=run-as-unknown; return 125; }
  command -v "$1" >/dev/null 2>&1 || { body_problem=interpreter-missing; return 125; }
  mkdir -p -m 0711 "$P_RUN" && rb_folder=$(mktemp -d "$P_RUN/script.XXXXXX") && cp -- "$rb_body" "$rb_folder/body" ||
    { body_problem=body-unwritable; return 125; }
  rb_uid=$(id -u "$rb_user")
  rb_gid=$(id -g "$rb_user")
  chmod 0500 "$rb_folder/body" "$rb_folder"
  chown -R "$rb_uid:$rb_gid" "$rb_folder"
  (
    USER=$rb_user
    LOGNAME=$rb_user
    HOME=$(echo "$rb_entry" | cut -d : -f 6)
    SHELL=/bin/sh
    export USER LOGNAME HOME SHELL
    for rb_secret in "${P_SECRETS:-/nowhere}"/*; do
      [ -f "$rb_secret" ] || continue
      export "${rb_secret##*/}=$(cat "$rb_secret")"
      rm -f "$rb_secret"
    done
    unset SSH_CLIENT SSH_CONNECTION SSH_TTY SSH_ORIGINAL_COMMAND SUDO_COMMAND SUDO_USER SUDO_UID SUDO_GID
    unset P_LEFT_MS P_OUT P_FILES P_SECRETS
    umask 022
    cd / || exit 125
    if [ "$rb_uid" = 0 ]; then
      run_limited "$rb_ms" "$rb_output" "$@" "$rb_folder/body"
    elif command -v setpriv >/dev/null 2>&1; then
      run_limited "$rb_ms" "$rb_output" setpriv "--reuid=$rb_uid" "--regid=$rb_gid" --init-groups -- "$@" "$rb_folder/body"
    else
      run_limited "$rb_ms" "$rb_output" runuser -u "$rb_user" -- "$@" "$rb_folder/body"
    fi
  )
  rb_code=$?
  rm -rf "$rb_folder"
  return $rb_code
}
