import type { FacetDriver } from '../ssh/facet-driver.ts'

/**
 * Restarts the PC, in the first way that it knows. Succeeds when the PC has accepted; that it has really restarted shows by its
 * boot id. `reboot -f` comes last: it does not stop services.
 */
export const rebootProgram = `
if [ -d /run/systemd/system ]; then systemctl reboot && exit 0; fi
if command -v shutdown >/dev/null 2>&1; then shutdown -r now && exit 0; fi
if command -v reboot >/dev/null 2>&1; then
  reboot && exit 0
  sync
  reboot -f && exit 0
fi
echo "no way to restart: neither systemctl nor shutdown nor reboot" >&2
exit 1
`

/** The power changes that the PC makes itself. Waking is done from outside, before there is anything to run a program on. */
export const powerDriver: FacetDriver = {
  name: 'power',
  makes: (change) => change.facet === 'power' && change.item === 'reboot',
  probes: () => [],
  read: () => ({ facts: {}, errors: [] }),
  steps: (request) => {
    const changes = request.changes.filter((change) => change.facet === 'power')
    return changes.length === 0 ? [] : [{ kind: 'restart', changes, sh: rebootProgram }]
  },
}
