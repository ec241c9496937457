/** Turns the PC off, in the first way that it knows; as rebootProgram does. */
export const shutdownProgram = `
if [ -d /run/systemd/system ]; then systemctl poweroff && exit 0; fi
if command -v shutdown >/dev/null 2>&1; then shutdown -h now && exit 0; fi
if command -v poweroff >/dev/null 2>&1; then
  poweroff && exit 0
  sync
  poweroff -f && exit 0
fi
echo "no way to turn off: neither systemctl nor shutdown nor poweroff" >&2
exit 1
`
