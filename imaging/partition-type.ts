import type { LayoutPartition } from './protocol.ts'

export type PartitionType = LayoutPartition['type']

/**
 * What a partition table says of each type that a layout can name. GUIDs: UEFI 2.10 (ESP), Microsoft (MSR, basic data, recovery), the
 * Discoverable Partitions Specification (Linux, swap), GRUB (BIOS boot). MBR: a BIOS boot or reserved partition does not exist there.
 */
export const partitionTypes: Readonly<Record<PartitionType, { readonly gpt: string; readonly mbr: string }>> =
  {
    bios: { gpt: '21686148-6449-6E6F-744E-656564454649', mbr: 'da' },
    esp: { gpt: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B', mbr: 'ef' },
    msr: { gpt: 'E3C9E316-0B5C-4DB8-817D-F92DF00215AE', mbr: 'da' },
    linux: { gpt: '0FC63DAF-8483-4772-8E79-3D69D8477DE4', mbr: '83' },
    swap: { gpt: '0657FD6D-A4AB-43C4-84E5-0933C84B4F4F', mbr: '82' },
    windows: { gpt: 'EBD0A0A2-B9E5-4433-87C0-68B6B72699C7', mbr: '07' },
    recovery: { gpt: 'DE94BBA4-06D1-4D40-A16A-BFD50179D6AC', mbr: '27' },
    data: { gpt: '0FC63DAF-8483-4772-8E79-3D69D8477DE4', mbr: '83' },
  }

/** Other ways in which a Linux partition is written: root (x86-64), home, /srv, /var, extended boot. */
const linuxToo: ReadonlySet<string> = new Set([
  '4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709',
  '933AC7E1-2EB4-4F13-B844-0E14E2AEF915',
  '3B8F8425-20E0-4F3B-907F-1A25A76F98E8',
  '4D21B016-B534-45C2-A9FB-5C16E091FD2D',
  'BC13C2FF-59E6-4262-A352-B275FD6F7172',
])

/** MBR types of FAT and NTFS, whatever the CHS or LBA. */
const windowsToo: ReadonlySet<string> = new Set(['01', '04', '06', '07', '0b', '0c', '0e'])

/** Whether a partition of this type in a table can be the layout's. */
export const isOfType = (found: string, wanted: PartitionType): boolean => {
  const own = partitionTypes[wanted]
  if (found === own.gpt || found === own.mbr) return true
  switch (wanted) {
    case 'linux':
      return linuxToo.has(found)
    case 'windows':
      return windowsToo.has(found)
    case 'data':
      return linuxToo.has(found) || windowsToo.has(found) || found === partitionTypes.windows.gpt
    case 'bios':
    case 'esp':
    case 'msr':
    case 'swap':
    case 'recovery':
      return false
  }
}

/** Undefined: a type that no layout names. */
export const typeOf = (found: string): PartitionType | undefined =>
  (['bios', 'esp', 'msr', 'recovery', 'swap', 'linux', 'windows'] as const).find((type) =>
    isOfType(found, type),
  )
