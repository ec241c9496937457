import test from 'ava'
import { folderSource } from '../../../imaging/source.ts'
import { createUsedMap } from '../../../imaging/used-map.ts'
import { createRandom } from '../../../providers/simulated/random.ts'
import { equal, seedOf, target } from './equal-parts.ts'
import { chunkBytes, freshStore, randomBytes, storeImage } from './sample-image.ts'
import { simulatedDisk } from './simulated-disk.ts'

test('a disk that takes a system and cannot give all of it back is told with the place, and starts nothing', async (t) => {
  const random = createRandom(seedOf(t))
  const store = await freshStore(t)
  const chunks = 300
  const map = createUsedMap(chunks * chunkBytes, [{ fromByte: 0, bytes: chunks * chunkBytes }])
  const image = await storeImage(store, 'root', randomBytes(random, chunks * chunkBytes), map)
  const disk = simulatedDisk(new Uint8Array(chunks * chunkBytes))
  // A blank disk's chunk that is no sample: nobody reads it before it was written.
  const byte = 201 * chunkBytes + 8192
  disk.failReadAt(byte)

  const result = await equal({ targets: [target(image)], source: folderSource(store), openDevice: disk.open })

  t.like(result, {
    ok: false,
    reason: 'disk-unreadable',
    place: { device: 'simulated', partition: 'root', byte },
  })
  t.true(result.tally.written > 64 * chunkBytes, `${result.tally.written} bytes`)
  const head = Buffer.from(disk.bytes.subarray(0, chunkBytes)).toString('latin1')
  t.regex(head, /^proviseur: half-written [0-9a-f]{32}\n\0+$/)
})
