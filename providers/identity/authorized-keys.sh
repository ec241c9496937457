# Adds public keys to those that the managing account accepts; the others stay as they are. Atomically: a file cut off in
# the middle would lock everybody out. Parameters: I_USER, I_HOME (empty: the account's); file $P_FILES/keys: one key a line.
entry=$(getent passwd "$I_USER") || { echo "no such account: $I_USER"; exit 3; }
home=${I_HOME:-$(echo "$entry" | cut -d : -f 6)}
owner=$(echo "$entry" | cut -d : -f 3-4)
[ -d "$home" ] || { echo "no home folder: $home"; exit 4; }
mkdir -p -m 0700 "$home/.ssh" && chown "$owner" "$home/.ssh" && chmod 0700 "$home/.ssh" || exit 1
file=$home/.ssh/authorized_keys
new=$(mktemp "$file.XXXXXX") || exit 1
{
  # A last line without its end must not run into the first new key.
  [ ! -e "$file" ] || sed -e '$a\' "$file"
  while read -r type key comment; do
    grep -qsF -- "$type $key" "$file" || echo "$type $key${comment:+ $comment}"
  done <"$P_FILES/keys"
} >"$new" && chown "$owner" "$new" && chmod 0600 "$new" && sync "$new" && mv -f "$new" "$file" && sync "$home/.ssh" ||
  { rm -f "$new"; exit 1; }
