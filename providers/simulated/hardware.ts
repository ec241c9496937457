import type { Hardware } from '../../reconciler/model/observed.ts'

/** A kind of PC as a region has them: what it tells of itself, and how fast it is. */
export type PcModel = {
  readonly vendor: string
  readonly name: string
  readonly cpus: number
  readonly memoryBytes: number
  readonly firmware: Hardware['firmware']
  readonly diskBytes: number
  readonly rotational: boolean
  /** Sequential, of the disk: what reading, writing and hashing an image is bound by. */
  readonly diskBytesPerSecond: number
  /** From the power button to a login. */
  readonly bootMs: number
}

const gib = 2 ** 30

/** As they were bought over ten years: the older half has rotating disks. */
export const pcModels: readonly PcModel[] = [
  model('Dell Inc.', 'OptiPlex 3020', 4, 'bios', 500e9, true, 95e6, 110_000),
  model('HP', 'ProDesk 400 G3', 8, 'uefi', 500e9, true, 110e6, 90_000),
  model('FUJITSU', 'ESPRIMO D556', 8, 'uefi', 256e9, false, 380e6, 45_000),
  model('LENOVO', 'ThinkCentre M720', 8, 'uefi', 256e9, false, 450e6, 40_000),
  model('HP', 'ProDesk 400 G7', 16, 'uefi', 512e9, false, 900e6, 35_000),
]

export const plainModel: PcModel = model('Simulated', 'PC', 8, 'uefi', 256e9, false, 400e6, 45_000)

export const hardwareOf = (of: PcModel, mac: string, rootFreeBytes: number): Hardware => ({
  vendor: of.vendor,
  model: of.name,
  cpus: of.cpus,
  memoryBytes: of.memoryBytes,
  firmware: of.firmware,
  macs: [mac],
  disks: [{ name: 'sda', sizeBytes: of.diskBytes, rotational: of.rotational }],
  rootFreeBytes,
})

function model(
  vendor: string,
  name: string,
  memoryGib: number,
  firmware: Hardware['firmware'],
  diskBytes: number,
  rotational: boolean,
  diskBytesPerSecond: number,
  bootMs: number,
): PcModel {
  const memoryBytes = memoryGib * gib
  return {
    vendor,
    name,
    cpus: 4,
    memoryBytes,
    firmware,
    diskBytes,
    rotational,
    diskBytesPerSecond,
    bootMs,
  }
}
