import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { createRandom } from '../../../providers/simulated/random.ts'
import { seedOf } from './equal-parts.ts'
import {
  chunkIsRight,
  firstWrongByte,
  folder,
  freshStore,
  pick,
  randomBytes,
  randomMap,
  storeImage,
} from './sample-image.ts'

const program = fileURLToPath(new URL('./killed-restore.ts', import.meta.url))
const kills = 5

test('a restore whose process is killed at any byte goes on and ends equal', async (t) => {
  const random = createRandom(seedOf(t))
  const store = await freshStore(t)
  const sizeBytes = 48 * 2 ** 20
  const image = await storeImage(store, 'root', randomBytes(random, sizeBytes), randomMap(random, sizeBytes))
  const place = await folder(t)
  const disk = join(place, 'disk.img')
  const described = join(place, 'partition.json')
  await writeFile(disk, '')
  await truncate(disk, sizeBytes)
  await writeFile(described, JSON.stringify({ partition: image.partition, chunkBytes: 64 * 1024 }))
  const start = () =>
    spawn(process.execPath, [program, store.folder, disk, described, place], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
  const blank = new Uint8Array(sizeBytes)

  for (let kill = 0; kill < kills; kill += 1) {
    const child = start()
    const ended = once(child, 'exit')
    const blocksToSee = pick(random, 1, Math.floor(image.map.usedBytes / 512 / kills)) * (kill + 1)
    // A sparse file holds as many blocks as were written to it.
    while (child.exitCode === null && child.signalCode === null && (await stat(disk)).blocks < blocksToSee) {
      await pause(2)
    }
    child.kill('SIGKILL')
    await ended
    const now = await readFile(disk)
    const isWhole = firstWrongByte(image, blank, now) === undefined
    t.is(chunkIsRight(image, now, 0), isWhole)
  }
  const [code] = await once(start(), 'exit')

  t.is(code, 0)
  t.is(firstWrongByte(image, blank, await readFile(disk)), undefined)
})
