/** A file of the site server's image store that vanishes while a PC is being restored from it. */
import { randomBytes } from 'node:crypto'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { isHalfWritten } from '../../../imager/engine/half-written.ts'
import { parseChunkList } from '../../../imaging/chunk-list.ts'
import type { ChunkName } from '../../../imaging/digest.ts'
import { openFolderStore } from '../../../imaging/folder-store.ts'
import { chunkPath } from '../../../imaging/store-paths.ts'
import { differences, treeOf } from '../../lab/vm/disk-tree.ts'
import { bytesAt, checkExt4, inExt4, overwrite, placeOf } from './pc-disk.ts'
import { mebibyte, run } from './run.ts'
import { equalWork, newPc, openSchool, post, type School, type TestPc } from './school.ts'

let school: School
let pc: TestPc
test.before(async () => {
  // More chunks than one request asks for.
  school = await openSchool({ payloadBytes: 36 * mebibyte })
})
test.after.always(() => school.close())

/** The last one of the system's: the restore asks for it when the others have come. */
async function lastChunk(): Promise<{ readonly name: ChunkName; readonly index: number }> {
  const root = school.image.manifest.partitions.find(({ name }) => name === 'root')
  const bytes = root === undefined ? undefined : await openFolderStore(school.store).readList(root.list)
  const parsed = bytes?.ok === true ? parseChunkList(bytes.value) : undefined
  if (parsed?.ok !== true) throw new Error('the image has no list')
  for (let index = parsed.list.length - 1; index > 0; index -= 1) {
    const name = parsed.list.name(index)
    if (name !== undefined) return { name, index }
  }
  throw new Error('the image is empty')
}

/** What a PC has of its own in the system that it got. */
const own = /^(?:etc\/(?:hostname|hosts|machine-id|ssh\/)|home\/admin|var\/lib\/proviseur)/

test.serial(
  'A chunk that vanishes in mid-transfer is named, nothing half can start, and the rest is fetched once',
  async (t) => {
    const { name } = await lastChunk()
    const file = join(school.store, chunkPath(name))
    const hide = async (request: string): Promise<void> => {
      if (request !== 'POST /store/batch') return
      school.listeners.delete(hide)
      await rename(file, `${file}.hidden`)
    }
    school.listeners.add(hide)
    pc = await newPc(school)
    const first = post(school.desk, { kind: 'restore', ...equalWork(school) })
    await pc.start()
    const cut = school.desk.order(first).done
    if (cut?.kind !== 'failed') return t.fail(JSON.stringify(cut))
    t.is(cut.reason, 'chunk-missing')
    t.true(cut.detail?.includes(name), cut.detail)
    t.regex(pc.screen.join(''), /Une partie de l’image disque manque/)
    t.true(cut.tally.written > 24 * mebibyte, `it was in the middle: ${cut.tally.written} bytes`)

    const root = await placeOf(pc.disk, 'root')
    t.true(await isHalfWritten(pc.disk, root.startBytes))
    t.is(
      (await bytesAt(pc.disk, root.startBytes + 1024 + 0x38, 2)).readUInt16LE(0),
      0,
      'no file system is seen',
    )
    t.notRegex(await inExt4(pc.disk, 'cache', 'stat /boot/ready'), /Type: regular/)
    t.is(school.desk.bootAnswer('52:54:00:25:02:01'), 'imager')

    await rename(`${file}.hidden`, file)
    const second = post(school.desk, { kind: 'restore', ...equalWork(school) })
    await pc.start()
    const ended = school.desk.order(second).done
    if (ended?.kind !== 'done') return t.fail(JSON.stringify(ended))
    t.log({ first: cut.tally, second: ended.tally })
    const wholeBytes = school.image.manifest.partitions.reduce((sum, { storedBytes }) => sum + storedBytes, 0)
    // What was on its way when the first run ended may be asked for again.
    t.true(cut.tally.fetched + ended.tally.fetched < wholeBytes + 3 * mebibyte)
    t.true(ended.tally.fetched < cut.tally.fetched / 4)
    t.deepEqual(
      differences(await treeOf(pc.disk, 'root'), await treeOf(school.golden, 'root')).filter(
        (path) => !own.test(path),
      ),
      [],
    )
    t.regex(await checkExt4(pc.disk, 'root'), /files/)
    t.regex(await inExt4(pc.disk, 'cache', 'stat /boot/ready'), /Type: regular/)
  },
)

test.serial(
  'Of what a stopped restore left half-written nothing is kept, and no check gives it its head back',
  async (t) => {
    const { name } = await lastChunk()
    const file = join(school.store, chunkPath(name))
    const torn = await newPc(school)
    const restore = () =>
      post(school.desk, { kind: 'restore', ...equalWork(school, { keep: ['/home/partage'] }) })
    await rename(file, `${file}.hidden`)
    for (const start of ['from a blank disk', 'once more']) {
      const id = restore()
      await torn.start()
      t.like(school.desk.order(id).done, { kind: 'failed', reason: 'chunk-missing' }, start)
      const { startBytes } = await placeOf(torn.disk, 'root')
      t.true(await isHalfWritten(torn.disk, startBytes), start)
      // ext4 has copies of its superblock, from which e2fsck makes a new one.
      t.is((await bytesAt(torn.disk, startBytes + 1024 + 0x38, 2)).readUInt16LE(0), 0, start)
    }

    await rename(`${file}.hidden`, file)
    const last = restore()
    await torn.start()
    t.is(school.desk.order(last).done?.kind, 'done', torn.screen.join(''))
    t.deepEqual(
      differences(await treeOf(torn.disk, 'root'), await treeOf(school.golden, 'root')).filter(
        (path) => !own.test(path),
      ),
      [],
    )
  },
)

test.serial('A reset that is stopped so leaves nothing to start either, until it can go on', async (t) => {
  const { name, index } = await lastChunk()
  const root = await placeOf(pc.disk, 'root')
  const cache = await placeOf(pc.disk, 'cache')
  await overwrite(pc.disk, root.startBytes + index * mebibyte, randomBytes(mebibyte))
  await run('debugfs', '-w', '-R', `rm /store/${chunkPath(name)}`, `${pc.disk}?offset=${cache.startBytes}`)
  const file = join(school.store, chunkPath(name))
  await rename(file, `${file}.hidden`)
  const first = post(school.desk, { kind: 'reset', ...equalWork(school) })
  await pc.start()
  t.like(school.desk.order(first).done, { kind: 'failed', reason: 'chunk-missing' }, pc.screen.join(''))
  t.notRegex(await inExt4(pc.disk, 'cache', 'stat /boot/ready'), /Type: regular/)
  t.true(await isHalfWritten(pc.disk, root.startBytes))

  await rename(`${file}.hidden`, file)
  await pc.start({ mode: 'resume' })
  t.regex(await inExt4(pc.disk, 'cache', 'stat /boot/ready'), /Type: regular/, pc.screen.join(''))
  t.regex(await checkExt4(pc.disk, 'root'), /files/)
})
