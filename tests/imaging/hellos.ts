/** What imagers say, made up. */
import { createHash } from 'node:crypto'
import type { Done, Hello, HelloDisk, Progress, Tally } from '../../imaging/protocol.ts'
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
