/** From an empty disk, switched off, to a lycée's PC: by a magic packet, real firmware, netboot, the imager, and its own system. */
import test from 'ava'
import { isConverged } from '../running-up.ts'
import { openImagedLycee } from './imaged-lycee.ts'
import { createVm, type VmDiskOptions, type VmFirmware } from './vm.ts'
import { layVmNetwork } from './vm-network.ts'

const GIB = 2 ** 30
const MINUTE_MS = 60_000

/** Not every disk: the lab’s Debian has the cloud kernel, which knows no SATA. */
type Kind = {
  readonly firmware: VmFirmware
  readonly bus: NonNullable<VmDiskOptions['bus']>
  /** `proxy`: the addresses come from a DHCP server that we may not change. */
  readonly netboot: 'dhcp' | 'proxy'
}

export const becomesLyceesPc = ({ firmware, bus, netboot }: Kind): void =>
  test.serial(`a bare PC (${firmware}, ${bus}, ${netboot}) that is off becomes a lycée’s PC`, async (t) => {
    await using network = await layVmNetwork()
    if (netboot === 'proxy') await network.startDhcpServer()
    await using lycee = await openImagedLycee(network, { machines: { 'b204-07': { index: 7 } }, netboot })
    const pc = await createVm(network, {
      name: 'b204-07',
      index: 7,
      firmware,
      disks: [{ sizeBytes: 2 * GIB, bus }],
    })
    const up = lycee.up()
    const imaged = await up.next(
      'the end of the imaging',
      ({ kind, outcome, results }) =>
        kind === 'ended' && (outcome === 'failed' || JSON.stringify(results).includes('"facet":"disk"')),
      0,
      15 * MINUTE_MS,
    )
    t.is(imaged['outcome'], 'complete', `${imaged['message']}: ${imaged['detail']}`)
    await up.reaches('b204-07', isConverged, 2 * MINUTE_MS)
    t.deepEqual(pc.history, ['magic-packet'])
    t.regex(pc.serial, /lab: b204-07 has started, image 1/)
  })
