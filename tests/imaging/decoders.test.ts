import test from 'ava'
import fc from 'fast-check'
import { canonicalJson } from '../../imaging/canonical-json.ts'
import { chunkListDigest, createChunkList, parseChunkList } from '../../imaging/chunk-list.ts'
import { chunkName, compressChunk, isZero, openChunk, openChunkOfAnySize } from '../../imaging/codec.ts'
import type { ChunkName } from '../../imaging/digest.ts'
import type { Manifest } from '../../imaging/manifest.ts'
import { encodeManifest, manifestDigest, parseManifest } from '../../imaging/manifest-codec.ts'
import {
  createUsedMap,
  encodeUsedMap,
  maskChunk,
  parseUsedMap,
  type UsedMap,
  usedIn,
  usedMapDigest,
} from '../../imaging/used-map.ts'
import { MIB, noise } from './disks.ts'

const seed = Number(process.env['FUZZ_SEED'] ?? 20_260_901)
/** fast-check prints the seed and the smallest counterexample of what fails. */
const runs = { seed, numRuns: 300 }

const extents = fc
  .array(fc.tuple(fc.nat(4_000), fc.integer({ min: 1, max: 300 })), { maxLength: 40 })
  .chain((pairs) =>
    fc.record({
      pairs: fc.constant(pairs),
      sectors: fc.integer({ min: 1, max: 4_096 }),
      unit: fc.constantFrom(512, 4096),
    }),
  )

const mapFrom = ({
  pairs,
  sectors,
  unit,
}: {
  pairs: [number, number][]
  sectors: number
  unit: number
}): UsedMap =>
  createUsedMap(
    sectors * 512,
    pairs.map(([from, length]) => ({ fromByte: from * unit, bytes: length * unit })),
  )

test('a used map has what its extents have, byte by byte', (t) => {
  fc.assert(
    fc.property(extents, (made) => {
      const map = mapFrom(made)
      const truth = new Uint8Array(map.sizeBytes / 512)
      for (const [from, length] of made.pairs)
        truth.fill(1, (from * made.unit) / 512, ((from + length) * made.unit) / 512)
      const told = new Uint8Array(map.sizeBytes / 512)
      for (const { fromByte, bytes } of usedIn(map, 0, map.sizeBytes))
        told.fill(1, fromByte / 512, (fromByte + bytes) / 512)
      return (
        Buffer.from(truth).equals(told) && map.usedBytes === truth.reduce((sum, used) => sum + used * 512, 0)
      )
    }),
    runs,
  )
  t.pass()
})

test('a used map is read as it was written', (t) => {
  fc.assert(
    fc.property(extents, (made) => {
      const map = mapFrom(made)
      const bytes = encodeUsedMap(map)
      const read = parseUsedMap(bytes, map.sizeBytes)
      return read.ok && Buffer.from(read.map.bounds.buffer).equals(Buffer.from(map.bounds.buffer))
    }),
    runs,
  )
  t.pass()
})

test('masking zeroes what is unused, and nothing else', (t) => {
  fc.assert(
    fc.property(extents, fc.nat(400), (made, at) => {
      const map = mapFrom(made)
      const from = Math.min(at * 512, map.sizeBytes - 512)
      const chunk = Buffer.alloc(Math.min(64 * 1024, map.sizeBytes - from), 0xff)
      maskChunk(chunk, from, map)
      const wanted = Buffer.alloc(chunk.length)
      for (const { fromByte, bytes } of usedIn(map, from, chunk.length))
        wanted.fill(0xff, fromByte - from, fromByte - from + bytes)
      return chunk.equals(wanted)
    }),
    runs,
  )
  t.pass()
})

test('a map of a large fragmented disk is small, and quickly read', (t) => {
  const fragments = Array.from({ length: 100_000 }, (_, index) => ({
    fromByte: index * 4 * MIB,
    bytes: 64 * 4096,
  }))
  const map = createUsedMap(500_000 * MIB, fragments)
  const bytes = encodeUsedMap(map)
  t.true(bytes.length < 500_000)
  const read = parseUsedMap(bytes)
  t.true(read.ok && read.map.length === fragments.length)
})

const digest = 'ab'.repeat(32)

const sample: Manifest = JSON.parse(
  JSON.stringify({
    format: 'proviseur-image-1',
    name: 'debian-edu',
    version: '2026.09',
    createdAt: '2026-09-01T06:00:00Z',
    createdFrom: { kind: 'import', source: 'debian.qcow2' },
    chunkBytes: MIB,
    firmware: ['bios', 'uefi'],
    disk: {
      table: 'gpt',
      id: 'B8F67E3E-C5A6-B84A-8F6B-2B181685483C',
      sizeBytes: 300 * MIB,
      sectorBytes: 512,
      bootCode: Buffer.alloc(440, 7).toString('base64'),
    },
    partitions: [
      {
        name: 'esp',
        number: 1,
        type: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B',
        guid: '9129E33F-8A9A-1346-849F-0A0A65955539',
        sizeBytes: 40 * MIB,
        fileSystem: { kind: 'vfat', uuid: '7835-4586', label: 'ESP' },
        list: digest,
        map: digest,
        usedBytes: MIB,
        storedBytes: 1000,
      },
      {
        name: 'root',
        number: 2,
        type: '0FC63DAF-8483-4772-8E79-3D69D8477DE4',
        guid: 'DDB86513-3302-1A4F-A221-946AB57A7853',
        attributes: '4',
        sizeBytes: 200 * MIB,
        fileSystem: { kind: 'ext4' },
        os: 'debian',
        list: digest,
        map: digest,
        usedBytes: 50 * MIB,
        storedBytes: 20 * MIB,
      },
    ],
  }),
)

test('a manifest is read as it was written', (t) => {
  const bytes = encodeManifest(sample)
  const read = parseManifest(bytes)
  t.true(read.ok)
  if (read.ok) t.deepEqual(read.manifest, sample)
  t.is(manifestDigest(bytes), manifestDigest(encodeManifest(sample)))
})

type Json = ReturnType<typeof JSON.parse>

const wrongs: readonly (readonly [string, (manifest: Json) => void, RegExp])[] = [
  ['an unknown field', (m) => Object.assign(m.disk, { model: 'x' }), /`disk.model`, expected no such field/u],
  ['a missing field', (m) => Reflect.deleteProperty(m, 'firmware'), /`firmware`, expected a value/u],
  ['a name that is no name', (m) => Object.assign(m, { name: '../x' }), /`name`/u],
  ['a version that climbs', (m) => Object.assign(m, { version: '../../x' }), /`version`/u],
  [
    'chunks of an odd size',
    (m) => Object.assign(m, { chunkBytes: 100_000 }),
    /`chunkBytes`, expected a power of two/u,
  ],
  ['chunks beyond every memory', (m) => Object.assign(m, { chunkBytes: 2 ** 40 }), /`chunkBytes`/u],
  [
    'a digest that is none',
    (m) => Object.assign(m.partitions[0], { list: '../../etc' }),
    /`partitions\[0\].list`/u,
  ],
  ['half a sector', (m) => Object.assign(m.partitions[0], { sizeBytes: 1000 }), /whole sectors/u],
  ['a negative size', (m) => Object.assign(m.partitions[0], { usedBytes: -1 }), /usedBytes/u],
  [
    'two partitions of one name',
    (m) => Object.assign(m.partitions[1], { name: 'esp' }),
    /two partitions have the same name esp/u,
  ],
  [
    'two partitions of one number',
    (m) => Object.assign(m.partitions[1], { number: 1 }),
    /the same number 1/u,
  ],
  [
    'two partitions of one GUID',
    (m) => Object.assign(m.partitions[1], { guid: m.partitions[0].guid }),
    /the same guid/u,
  ],
  [
    'an MBR type on a GPT disk',
    (m) => Object.assign(m.partitions[1], { type: '83' }),
    /partition root is not of the disk/u,
  ],
  [
    'more used than there is',
    (m) => Object.assign(m.partitions[0], { usedBytes: 41 * MIB }),
    /more of partition esp is used/u,
  ],
  [
    'partitions larger than their disk',
    (m) => Object.assign(m.disk, { sizeBytes: 200 * MIB }),
    /larger than the disk/u,
  ],
  ['boot code of a wrong length', (m) => Object.assign(m.disk, { bootCode: 'AAAA' }), /440 bytes/u],
  ['a firmware twice', (m) => Object.assign(m, { firmware: ['uefi', 'uefi'] }), /twice/u],
  ['no partitions', (m) => Object.assign(m, { partitions: [] }), /`partitions`, expected a list of 1/u],
  [
    'a terminal’s control characters',
    (m) => Object.assign(m.createdFrom, { source: '\u001b[2J' }),
    /control characters/u,
  ],
]

for (const [what, spoil, message] of wrongs) {
  test(`a manifest with ${what} is refused, and says where`, (t) => {
    const spoilt = structuredClone<Json>(sample)
    spoil(spoilt)
    const read = parseManifest(Buffer.from(canonicalJson(spoilt)))
    t.false(read.ok)
    if (read.ok) return
    t.is(read.code, 'manifest-damaged')
    t.regex(read.message.en, message)
    t.not(read.message.fr, read.message.en)
  })
}

test('a manifest of a newer format says so', (t) => {
  const read = parseManifest(Buffer.from(canonicalJson({ ...sample, format: 'proviseur-image-2' })))
  t.is(read.ok ? 'read' : read.code, 'manifest-outdated-reader')
})

test('a manifest that is not in its canonical form is refused: one manifest, one digest', (t) => {
  const read = parseManifest(Buffer.from(JSON.stringify(sample, null, 1)))
  t.is(read.ok ? 'read' : read.code, 'manifest-damaged')
})

test('canonical JSON sorts by UTF-16 units, and leaves out what is undefined', (t) => {
  t.is(
    canonicalJson({
      b: [1, -0, 1e21, 'é\n'],
      a: undefined,
      '\u{1F600}': null,
      '\uFB33': true,
      A: { z: 1, y: 2 },
    }),
    '{"A":{"y":2,"z":1},"b":[1,0,1e+21,"é\\n"],"\u{1F600}":null,"\uFB33":true}',
  )
  t.throws(() => canonicalJson({ a: Number.NaN }))
})

/** Flips, cuts, doubles and inserts. */
const mutated = (bytes: Uint8Array, changes: readonly (readonly [number, number, number])[]): Uint8Array => {
  let result = Buffer.from(bytes)
  for (const [kind, where, value] of changes) {
    const at = result.length === 0 ? 0 : where % result.length
    if (kind === 0) result[at] = value
    else if (kind === 1) result = result.subarray(0, at)
    else if (kind === 2)
      result = Buffer.concat([result.subarray(0, at), Buffer.from([value]), result.subarray(at)])
    else result = Buffer.concat([result.subarray(0, at), result.subarray(at >> 1)])
  }
  return result
}

const changes = fc.array(fc.tuple(fc.nat(3), fc.nat(100_000), fc.nat(255)), { minLength: 1, maxLength: 5 })
const many = { seed, numRuns: 3_000 }

test('no bytes make the manifest’s reader crash, and what it takes is what it would write', (t) => {
  const bytes = encodeManifest(sample)
  fc.assert(
    fc.property(changes, (some) => {
      const tried = mutated(bytes, some)
      const read = parseManifest(tried)
      return !read.ok || Buffer.from(encodeManifest(read.manifest)).equals(tried)
    }),
    many,
  )
  t.pass()
})

test('no bytes make the used map’s reader crash, and what it takes is in order and inside', (t) => {
  const bytes = encodeUsedMap(
    createUsedMap(
      90 * MIB + 512,
      Array.from({ length: 30 }, (_, index) => ({ fromByte: index * 3 * MIB, bytes: MIB + index * 512 })),
    ),
  )
  fc.assert(
    fc.property(changes, (some) => {
      const read = parseUsedMap(mutated(bytes, some))
      if (!read.ok) return true
      const { bounds, sizeBytes } = read.map
      return bounds.every(
        (bound, index) => bound <= sizeBytes && (index === 0 || bound > (bounds[index - 1] ?? 0)),
      )
    }),
    many,
  )
  t.pass()
})

test('a short used map cannot ask for more memory than it has bytes', (t) => {
  const huge = Buffer.concat([
    Buffer.from('PUM1'),
    Buffer.from([0x80, 0x20]),
    Buffer.alloc(6, 0xff),
    Buffer.from([0x7f]),
  ])
  t.false(parseUsedMap(huge).ok)
})

test('a chunk list is read as it was written, and another length is damage', (t) => {
  const names = [chunkName(Buffer.from('a')), undefined, chunkName(Buffer.from('b'))]
  const { bytes } = createChunkList(names)
  const read = parseChunkList(bytes, 3)
  t.true(read.ok)
  if (read.ok) t.deepEqual([0, 1, 2].map(read.list.name), names)
  for (const wrong of [parseChunkList(bytes, 2), parseChunkList(bytes.subarray(1)), parseChunkList(bytes, 4)])
    t.is(wrong.ok ? 'read' : wrong.code, 'list-damaged')
  t.not(chunkListDigest(bytes), chunkListDigest(bytes.subarray(32)))
  t.not(usedMapDigest(bytes) as string, usedMapDigest(bytes.subarray(1)) as string)
})

test('a chunk opens to exactly its bytes', (t) => {
  for (const bytes of [noise(1, MIB), Buffer.alloc(MIB, 0x20), noise(2, 513), Buffer.from([1])]) {
    const opened = openChunk(chunkName(bytes), compressChunk(bytes), bytes.length)
    t.true(opened.ok && Buffer.from(opened.bytes).equals(bytes))
  }
})

test('no change to a stored chunk goes unnoticed, and none crashes its reader', (t) => {
  const bytes = Buffer.concat([noise(1, 3_000), Buffer.alloc(20_000, 0x41)])
  const name = chunkName(bytes)
  const compressed = compressChunk(bytes)
  fc.assert(
    fc.property(changes, (some) => {
      const opened = openChunk(name, mutated(compressed, some), bytes.length)
      return !opened.ok || Buffer.from(opened.bytes).equals(bytes)
    }),
    many,
  )
  t.pass()
})

test('a chunk that unpacks to more than it may is damaged, however small it is packed', (t) => {
  const bomb = compressChunk(Buffer.alloc(64 * MIB))
  t.true(bomb.length < 10_000)
  const name = 'c'.repeat(64) as ChunkName
  t.false(openChunk(name, bomb, MIB).ok)
  t.false(openChunkOfAnySize(name, bomb).ok)
})

test('zero is zero to the last byte', (t) => {
  const bytes = Buffer.alloc(3 * MIB + 17)
  t.true(isZero(bytes))
  bytes[bytes.length - 1] = 1
  t.false(isZero(bytes))
})
