/** A capture onto a site server whose disk is full: the store is a file system of its own, in memory, of which the size is chosen. */

import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { isTemporary } from '../../../imaging/atomic-file.ts'
import { openChunkOfAnySize } from '../../../imaging/codec.ts'
import { isChunkName } from '../../../imaging/digest.ts'
import { openFolderStore } from '../../../imaging/folder-store.ts'
import { finishCapture } from '../../../imaging/publish.ts'
import { parseImageLabel } from '../../../imaging/store-paths.ts'
import { verifyStore } from '../../../imaging/verify-store.ts'
import { layout } from './golden-disk.ts'
import { writeExt4 } from './pc-disk.ts'
import { mebibyte, run } from './run.ts'
import { equalWork, newPc, openSchool, post, type School } from './school.ts'

let place = ''
let school: School
test.before(async () => {
  place = await mkdtemp(join(tmpdir(), 'small-'))
  // The image takes 6 MiB of it.
  await run('mount', '-t', 'tmpfs', '-o', 'size=12m', 'proviseur-test', place)
  const store = join(place, 'images')
  await mkdir(store)
  school = await openSchool({ store })
})
test.after.always(async () => {
  await school.close()
  await run('umount', place)
  await rm(place, { recursive: true })
})

const capture = (version: string) =>
  post(school.desk, { kind: 'capture', name: 'salle-b204', version, layout, chunkBytes: mebibyte })

/** Every file of the store: what is unfinished, and what is not what its name says. */
async function faultsOfStore(): Promise<readonly string[]> {
  const store = openFolderStore(school.store)
  const faults: string[] = []
  for (const file of await readdir(school.store, { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue
    if (isTemporary(file.name)) faults.push(file.name)
    const name = file.name.replace('.zst', '')
    const bytes = isChunkName(name) && file.name.endsWith('.zst') ? await store.readChunk(name) : undefined
    if (bytes !== undefined && isChunkName(name) && !openChunkOfAnySize(name, bytes).ok)
      faults.push(file.name)
  }
  const verified = await verifyStore(store, {
    publicKeyPem: school.park.publicKeyPem,
    removeDamaged: false,
    onProgress: () => undefined,
  })
  return [...faults, ...verified.faults.map(({ path }) => path)]
}

test.serial(
  'A capture onto a full store is told to both sides, harms nothing, and goes on when there is room',
  async (t) => {
    const pc = await newPc(school)
    const restored = post(school.desk, { kind: 'restore', ...equalWork(school) })
    await pc.start()
    t.is(school.desk.order(restored).done?.kind, 'done', pc.screen.join(''))
    const lesson = join(school.folder, 'lesson')
    await writeFile(lesson, randomBytes(12 * mebibyte))
    await writeExt4(pc.disk, 'root', lesson, '/lesson')

    const first = capture('1')
    await pc.start()
    const stopped = school.desk.order(first).done
    t.like(stopped, { kind: 'failed', reason: 'store-full' }, pc.screen.join(''))
    t.true((stopped?.tally.written ?? 0) > 0, 'some of it was sent')
    t.regex(stopped?.kind === 'failed' ? (stopped.detail ?? '') : '', /dépôt d’images .* est plein/)
    t.regex(pc.screen.join(''), /L’espace réservé aux images disque est plein/)
    t.deepEqual(await faultsOfStore(), [])
    t.deepEqual([...(await openFolderStore(school.store).pointers()).keys()].map(String), ['debian-edu@1'])

    await run('mount', '-o', 'remount,size=64m', place)
    const second = capture('1')
    await pc.start()
    const done = school.desk.order(second).done
    if (done?.kind !== 'done') return t.fail(JSON.stringify(done))
    t.log({ first: stopped?.tally.written, second: done.tally.written })
    // What the first one sent is there: both together sent the lesson, and the few chunks of the system that differ, once.
    t.true((stopped?.tally.written ?? 0) + done.tally.written < 18 * mebibyte)
    const finished = await finishCapture(openFolderStore(school.store), done.draft, school.park.privateKeyPem)
    t.true(finished.ok, JSON.stringify(finished))
    t.deepEqual(await faultsOfStore(), [])
    const label = parseImageLabel('salle-b204@1')?.label
    t.true(label !== undefined && (await openFolderStore(school.store).pointer(label)) !== undefined)
  },
)
