import { copyFile, open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { makeEqual } from '../../../imager/engine/make-equal.ts'
import { verifyPartitions } from '../../../imager/engine/verify.ts'
import { defaultChunkBytes } from '../../../imaging/chunk-list.ts'
import type { Difference } from '../../../imaging/protocol.ts'
import { folderSource } from '../../../imaging/source.ts'
import { createRandom } from '../../../providers/simulated/random.ts'
import { never, outcome, target } from './equal-parts.ts'
import { ext4Volume, ntfsVolume, run, someFiles, usedMapOf, withVolume } from './real-volumes.ts'
import { folder, freshStore, storeImage } from './sample-image.ts'

const sizeBytes = 64 * 2 ** 20

/** A stored image of a real file system, and a disk equal to it. */
const stored = async (t: ExecutionContext, kind: 'ext4' | 'ntfs') => {
  const place = await folder(t)
  const [original, disk] = [join(place, 'original.img'), join(place, 'disk.img')]
  const files = someFiles(createRandom(11), 60, 400_000)
  files.set('etc/hostname', Buffer.from('poste\n'))
  await (kind === 'ext4' ? ext4Volume : ntfsVolume)(original, sizeBytes, files)
  const { map, content } = await usedMapOf(original, kind, place)
  const store = await freshStore(t)
  const image = await storeImage(store, 'root', content, map, defaultChunkBytes)
  const partition = { ...image.partition, fileSystem: { kind } }
  await copyFile(original, disk)
  const parts = {
    targets: [{ ...target(image, { device: disk }), partition }],
    source: folderSource(store),
    manifest: { chunkBytes: defaultChunkBytes },
    report: () => undefined,
    signal: never,
  }
  const verify = async (): Promise<readonly Difference[]> => {
    const before = await readFile(disk)
    const verified = await verifyPartitions({ ...parts, scratch: place })
    t.is(outcome(verified), 'ok')
    t.is(Buffer.compare(before, await readFile(disk)), 0, 'a verification wrote')
    return verified.ok ? verified.differences : []
  }
  return { place, disk, image, verify, reset: () => makeEqual(parts), files }
}

const scribble = async (file: string, fromByte: number, text: string): Promise<void> => {
  const handle = await open(file, 'r+')
  await handle.write(Buffer.from(text), 0, text.length, fromByte)
  await handle.close()
}

test('an equal disk has no differences', async (t) => {
  const { verify } = await stored(t, 'ext4')
  t.deepEqual(await verify(), [])
})

test('a scribbled file of ext4 is found, to the block and by its name', async (t) => {
  const { disk, verify } = await stored(t, 'ext4')
  const blocks = await run('debugfs', '-R', 'blocks /usr/share/dossier-3/fichier-3', disk)
  const block = Number(blocks.trim().split(/\s+/u)[0])
  const blockBytes = Number(/^Block size:\s+(\d+)$/mu.exec(await run('dumpe2fs', '-h', disk))?.[1])
  await scribble(disk, block * blockBytes + 10, 'gribouillis')

  const [difference, ...others] = await verify()

  t.deepEqual(others, [])
  t.is(difference?.partition, 'root')
  t.is(difference?.differing, 1)
  const at = Math.floor((block * blockBytes) / 4096) * 4096
  t.deepEqual(difference?.runs, [{ fromByte: at, bytes: 4096 }])
  t.true(difference?.files?.includes('/usr/share/dossier-3/fichier-3'), `${difference?.files}`)
})

test('a scribbled file of NTFS is found by its name', async (t) => {
  const { disk, verify, files } = await stored(t, 'ntfs')
  const wanted = files.get('usr/share/dossier-4/fichier-4') ?? new Uint8Array()
  const at = (await readFile(disk)).indexOf(wanted.subarray(0, 512))
  await scribble(disk, at + 100, 'gribouillis')

  const [difference] = await verify()

  t.is(difference?.differing, 1)
  t.true(difference?.files?.includes('/usr/share/dossier-4/fichier-4'), `${difference?.files}`)
})

test('a pupil’s day is seen, undone, and the file system is sound', async (t) => {
  const { disk, verify, reset } = await stored(t, 'ext4')
  await withVolume(disk, 'ext4', async (mounted) => {
    await writeFile(join(mounted, 'etc/hostname'), 'jeu\n')
    await writeFile(join(mounted, 'jeu.bin'), Buffer.alloc(3_000_000, 7))
  })

  t.true((await verify()).length > 0)
  t.is(outcome(await reset()), 'ok')
  t.deepEqual(await verify(), [])
  await run('e2fsck', '-fn', disk)
  await withVolume(disk, 'ext4', async (mounted) => {
    t.is(await readFile(join(mounted, 'etc/hostname'), 'utf8'), 'poste\n')
    await t.throwsAsync(readFile(join(mounted, 'jeu.bin')))
  })
})

test('an NTFS file system is restored onto a blank disk, and is sound', async (t) => {
  const { disk, verify, reset, files } = await stored(t, 'ntfs')
  await writeFile(disk, Buffer.alloc(sizeBytes, 0xa5))

  t.is(outcome(await reset()), 'ok')

  t.deepEqual(await verify(), [])
  await withVolume(disk, 'ntfs', async (mounted) => {
    for (const [path, content] of files) {
      t.is(Buffer.compare(await readFile(join(mounted, path)), content), 0, path)
    }
  })
})

test('a broken file system is told by its runs alone', async (t) => {
  const { disk, verify } = await stored(t, 'ext4')
  await scribble(disk, 0, '\0'.repeat(300_000))

  const [difference] = await verify()

  t.is(difference?.differing, 1)
  t.is(difference?.files, undefined)
})
