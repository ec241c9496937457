import test from 'ava'
import { fitAround } from '../../../imager/agent/free-space.ts'
import { type LayoutRequest, planLayout } from '../../../imager/agent/layout-plan.ts'
import type { DiskTable } from '../../../imager/agent/partition-table.ts'
import type { Layout } from '../../../imaging/protocol.ts'
import { attributeBits, attributeWords } from '../../../imaging/sfdisk-dump.ts'
import { layout } from './golden-disk.ts'
import { mebibyte } from './run.ts'

const blankDisk = (sizeBytes: number): DiskTable => ({ sizeBytes, sectorBytes: 512, partitions: [] })
const roomy = blankDisk(400 * mebibyte)

const plan = (changes: Partial<LayoutRequest>) =>
  planLayout({ disk: roomy, layout, mayRepartition: false, ...changes })

/** The disk as it is after a plan was carried out. */
function carriedOut(request: Partial<LayoutRequest>, disk = roomy): DiskTable {
  const planned = plan({ disk, mayRepartition: true, ...request })
  if (planned.kind === 'refused') throw new Error(planned.detail)
  return {
    ...disk,
    table: { kind: planned.table.kind, id: '0A1B2C3D-0000-4000-8000-00000000D15C' },
    partitions: planned.table.partitions.map((partition) => ({
      ...partition,
      guid: partition.guid ?? `00000000-0000-4000-8000-00000000000${partition.number}`,
      content: { kind: 'ext4' },
    })),
  }
}

test('A blank disk is filled in the order of the layout, and the rest goes to whom it belongs', (t) => {
  const planned = plan({})
  t.is(planned.kind, 'change')
  if (planned.kind !== 'change') return
  t.deepEqual(planned.lost, [])
  t.deepEqual(
    planned.table.partitions.map(({ startBytes, sizeBytes }) => [
      startBytes / mebibyte,
      sizeBytes / mebibyte,
    ]),
    [
      [1, 1],
      [2, 40],
      [42, 64],
      [106, 160],
      [266, 133],
    ],
  )
})

test('A `rest` in the middle leaves room for what comes after it', (t) => {
  const middle: Layout = {
    table: 'gpt',
    partitions: [
      { name: 'root', type: 'linux', sizeBytes: 'rest', content: 'empty' },
      { name: 'data', type: 'linux', sizeBytes: 100 * mebibyte, content: 'keep' },
    ],
  }
  const planned = plan({ layout: middle })
  t.deepEqual(
    planned.kind === 'change' ? planned.table.partitions.map(({ sizeBytes }) => sizeBytes / mebibyte) : [],
    [298, 100],
  )
})

test('A layout that is right is not touched', (t) => {
  t.is(plan({ disk: carriedOut({}) }).kind, 'right')
})

test('A disk that is too small is refused with both numbers', (t) => {
  const planned = plan({ disk: blankDisk(200 * mebibyte), mayRepartition: true })
  t.like(planned, { kind: 'refused', reason: 'disk-too-small' })
  t.regex(planned.kind === 'refused' ? planned.detail : '', /0\.3 GiB needed, 0\.2 GiB there/)
})

const foreign: DiskTable = {
  ...roomy,
  table: { kind: 'gpt', id: 'F0F0F0F0-0000-4000-8000-000000000000' },
  partitions: [
    {
      number: 3,
      startBytes: mebibyte,
      sizeBytes: 300 * mebibyte,
      type: 'EBD0A0A2-B9E5-4433-87C0-68B6B72699C7',
      name: 'Basic data partition',
      content: { kind: 'ntfs', label: 'Windows' },
    },
  ],
}

test('Somebody else’s partitions are lost only where that was approved, and are named', (t) => {
  const lost = '#3 Basic data partition (ntfs, Windows, 0.3 GiB)'
  t.deepEqual(plan({ disk: foreign }), { kind: 'refused', reason: 'layout-would-lose-data', detail: lost })
  t.like(plan({ disk: foreign, mayRepartition: true }), { kind: 'change', lost: [lost] })
})

test('A file system that takes the whole disk is data, too', (t) => {
  const disk = { ...roomy, content: { kind: 'ext4' } }
  t.like(plan({ disk }), { kind: 'refused', reason: 'layout-would-lose-data' })
})

test('A partition to be kept stays where it is, whatever moves around it', (t) => {
  const disk = carriedOut({})
  const smaller: Layout = {
    ...layout,
    partitions: layout.partitions.map((one) =>
      one.name === 'cache' ? { ...one, sizeBytes: 100 * mebibyte } : one,
    ),
  }
  const planned = plan({ disk, layout: smaller })
  t.is(planned.kind, 'change')
  if (planned.kind !== 'change') return
  const before = disk.partitions.find(({ name }) => name === 'data')
  const after = planned.table.partitions.find(({ name }) => name === 'data')
  t.like(after, {
    startBytes: before?.startBytes ?? 0,
    sizeBytes: before?.sizeBytes ?? 0,
    guid: before?.guid ?? '',
    isNew: false,
  })
  t.like(
    planned.table.partitions.find(({ name }) => name === 'root'),
    { isNew: false },
  )
})

test('What does not fit around a partition to be kept is refused, approved or not', (t) => {
  const larger: Layout = {
    ...layout,
    partitions: layout.partitions.map((one) =>
      one.name === 'root' ? { ...one, sizeBytes: 90 * mebibyte } : one,
    ),
  }
  t.like(plan({ disk: carriedOut({}), layout: larger, mayRepartition: true }), {
    kind: 'refused',
    reason: 'layout-would-lose-data',
  })
})

test('A partition that the layout no longer has is a loss', (t) => {
  const without: Layout = { ...layout, partitions: layout.partitions.slice(0, 4) }
  t.like(plan({ disk: carriedOut({}), layout: without }), {
    kind: 'refused',
    reason: 'layout-would-lose-data',
  })
})

test('On an MBR disk partitions are known by their place, and only where the table is ours', (t) => {
  const mbr: Layout = {
    table: 'mbr',
    partitions: [
      { name: 'root', type: 'linux', sizeBytes: 64 * mebibyte, content: 'empty' },
      { name: 'cache', type: 'linux', sizeBytes: 100 * mebibyte, content: 'cache' },
      { name: 'data', type: 'linux', sizeBytes: 'rest', content: 'keep' },
    ],
  }
  const disk = carriedOut({ layout: mbr })
  t.like(plan({ layout: mbr, disk }), { kind: 'refused', reason: 'layout-would-lose-data' })
  const ours = {
    ...disk,
    partitions: disk.partitions.map((one) =>
      one.name === 'cache' ? { ...one, content: { kind: 'ext4', label: 'proviseur' } } : one,
    ),
  }
  t.is(plan({ layout: mbr, disk: ours }).kind, 'right')
})

test('What must not move and overlaps fits nothing', (t) => {
  const pinned = (startBytes: number, sizeBytes: number) =>
    ({ kind: 'pinned', startBytes, sizeBytes }) as const
  const space = { fromBytes: 1, toBytes: 100, alignBytes: 1 }
  t.is(fitAround([pinned(10, 20), pinned(20, 20)], space), undefined)
  t.is(fitAround([pinned(90, 20)], space), undefined)
  t.deepEqual(fitAround([{ kind: 'place', leastBytes: 20, takesRest: false }, pinned(10, 20)], space), [
    { startBytes: 30, sizeBytes: 20 },
    { startBytes: 10, sizeBytes: 20 },
  ])
})

test('Attribute bits are written in sfdisk’s words and read back', (t) => {
  for (const bits of ['1', '4', '8000000000000001', 'd001000000000000'])
    t.is(attributeBits(attributeWords(bits)), bits)
  t.is(attributeBits('RequiredPartition GUID:60,63'), '9000000000000001')
  t.is(attributeBits(''), undefined)
})
