/** What imagers say, made up. */
import { createHash } from 'node:crypto'
import type { DiskState, Done, Hello, HelloDisk, Progress, Tally } from '../../imaging/protocol.ts'
import type { Order } from '../../providers/imaging/desk-port.ts'

export const nonceOf = (text: string): string => createHash('sha256').update(text).digest('hex')

export const blankDisk: HelloDisk = {
  name: 'sda',
  sizeBytes: 256e9,
  sectorBytes: 512,
  rotational: false,
  partitions: [],
}

export const usedDisk: HelloDisk = {
  ...blankDisk,
  table: 'gpt',
  partitions: [{ number: 1, startBytes: 1 << 20, sizeBytes: 100e9, fileSystem: 'ext4' }],
}

export const helloOf = (nonce: string, more: Partial<Hello> = {}): Hello => ({
  format: 'proviseur-hello-1',
  nonce: nonceOf(nonce),
  macs: ['52:54:00:25:02:01'],
  firmware: 'uefi',
  secureBoot: true,
  cpus: 4,
  memoryBytes: 8 * 2 ** 30,
  disks: [blankDisk],
  imager: 'test',
  ...more,
})

export const orderOf = (id: string, more: Partial<Order> = {}): Order => ({
  id,
  machine: 'victor-hugo/b204-01',
  mac: '52:54:00:25:02:01',
  fence: { epoch: 1, generation: 7 },
  locale: 'fr',
  work: {
    kind: 'verify',
    manifest: 'ab'.repeat(32),
    layout: {
      table: 'gpt',
      partitions: [{ name: 'root', type: 'linux', sizeBytes: 'rest', content: 'image' }],
    },
  },
  ...more,
})

/** As an imager leaves it on the disk that it made equal. */
export const recordOf = (job: string): DiskState => ({
  format: 'proviseur-disk-1',
  manifest: 'ab'.repeat(32),
  image: 'debian-edu@2026.09',
  layout: 'x',
  settings: 'y',
  job,
  at: 1,
  how: 'restore',
})

export const captureOf = (id: string): Order =>
  orderOf(id, {
    work: {
      kind: 'capture',
      name: 'debian-edu',
      version: '2026.10',
      chunkBytes: 2 ** 20,
      layout: {
        table: 'gpt',
        partitions: [{ name: 'root', type: 'linux', sizeBytes: 'rest', content: 'image' }],
      },
    },
  })

export const restoreOf = (id: string, more: Partial<Order> = {}): Order =>
  orderOf(id, {
    work: {
      kind: 'restore',
      manifest: 'ab'.repeat(32),
      image: 'debian-edu@2026.09',
      layout: {
        table: 'gpt',
        partitions: [{ name: 'root', type: 'linux', sizeBytes: 30e9, content: 'image', os: 'debian' }],
      },
      layoutDigest: `sha256:${'cd'.repeat(32)}`,
      settingsDigest: `sha256:${'ef'.repeat(32)}`,
      keep: ['/home/partage'],
      resetPolicy: 'at-boot',
      boot: { default: 'root', timeoutMs: 5_000, resetEntries: true },
      identity: { hostname: 'b204-01', user: 'root', authorizedKeys: ['ssh-ed25519 AAAA x'] },
      mayRepartition: true,
      imager: { vmlinuz: '12'.repeat(32), initrd: '34'.repeat(32) },
    },
    ...more,
  })

export const tally: Tally = {
  read: 100,
  matched: 90,
  fetched: 4,
  fromCache: 6,
  written: 10,
  durationMs: 1_000,
  perPartition: [{ name: 'root', chunks: 10, differing: 1 }],
}

export const progressOf = (job: string, read = 50): Progress => ({
  job,
  phase: 'write',
  partition: 'root',
  read,
  matched: read,
  fetched: 0,
  written: 0,
  total: 100,
  rate: 10.5,
})

export const doneOf = (job: string): Done => ({ job, at: 1_000, kind: 'done', tally, hostKeys: [] })

export const failedOf = (job: string): Done => ({
  job,
  at: 1_000,
  kind: 'failed',
  reason: 'disk-unreadable',
  detail: 'sda: sector 7',
  tally,
})
