import { chmod, chown, lstat, mkdir, readdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { restoreKeptPaths, saveKeptPaths, type WithMounted } from '../../../imager/engine/kept-paths.ts'
import { ext4Volume, run, withVolume } from './real-volumes.ts'
import { folder } from './sample-image.ts'

const sizeBytes = 64 * 2 ** 20

const scene = async (t: ExecutionContext) => {
  const place = await folder(t)
  const disk = join(place, 'root.img')
  const cache = join(place, 'cache/kept')
  await mkdir(join(place, 'cache'))
  const image = async () =>
    ext4Volume(
      disk,
      sizeBytes,
      new Map([
        ['etc/hostname', Buffer.from('poste\n')],
        ['home/partage/LISEZMOI', Buffer.from('de l’image\n')],
      ]),
    )
  await image()
  const readOnly: WithMounted = (use) => withVolume(disk, 'ext4', use, 'ro')
  const writable: WithMounted = (use) => withVolume(disk, 'ext4', use)
  const parts = { folder: cache, partition: 'root', paths: ['/home/partage', '/etc/absent.conf'] }
  return { place, disk, cache, image, readOnly, writable, parts }
}

/** What a class leaves behind: owners, modes, attributes, links, a sparse file, a name in French. */
const work = async (disk: string) => {
  await withVolume(disk, 'ext4', async (root) => {
    const shared = join(root, 'home/partage')
    await writeFile(join(shared, 'rédaction été.odt'), 'il était une fois')
    await chown(join(shared, 'rédaction été.odt'), 12_345, 54_321)
    await chmod(join(shared, 'rédaction été.odt'), 0o4640)
    await symlink('rédaction été.odt', join(shared, 'lien'))
    await writeFile(join(shared, 'creux'), '')
    await truncate(join(shared, 'creux'), 500 * 2 ** 20)
  })
  await run('debugfs', '-w', '-R', `ea_set ${letter} user.note 18/20`, disk)
  await writeFile(`${disk}.acl`, accessList)
  await run('debugfs', '-w', '-R', `ea_set -f ${disk}.acl /home/partage system.posix_acl_access`, disk)
}

const letter = '"/home/partage/rédaction été.odt"'

/** As the kernel takes it (posix_acl_xattr.h): version 2, then tag, rights and id of each entry. User 777 may do anything. */
const accessList = Buffer.concat([
  Buffer.from([2, 0, 0, 0]),
  ...[
    [0x01, 7, 0xffff_ffff],
    [0x02, 7, 777],
    [0x04, 5, 0xffff_ffff],
    [0x10, 7, 0xffff_ffff],
    [0x20, 5, 0xffff_ffff],
  ].map(([tag = 0, rights = 0, id = 0]) => {
    const entry = Buffer.alloc(8)
    entry.writeUInt16LE(tag, 0)
    entry.writeUInt16LE(rights, 2)
    entry.writeUInt32LE(id, 4)
    return entry
  }),
])

const attributes = async (disk: string): Promise<string> =>
  (await run('debugfs', '-R', `ea_get ${letter} user.note`, disk)) +
  (await run('debugfs', '-R', 'ea_get -x /home/partage system.posix_acl_access', disk))

test('kept paths come back as they were, and nothing else', async (t) => {
  const { disk, cache, image, readOnly, writable, parts } = await scene(t)
  await work(disk)
  const before = await attributes(disk)

  const saved = await saveKeptPaths(parts, readOnly)
  await image()
  t.not(await attributes(disk), before)
  const restored = await restoreKeptPaths(parts, writable)

  t.deepEqual(saved, { ok: true, kept: ['home/partage'], lost: false })
  t.deepEqual(restored, { ok: true, restored: ['home/partage'] })
  await withVolume(disk, 'ext4', async (root) => {
    const shared = join(root, 'home/partage')
    t.deepEqual((await readdir(shared)).sort(), ['LISEZMOI', 'creux', 'lien', 'rédaction été.odt'])
    const found = await lstat(join(shared, 'rédaction été.odt'))
    t.deepEqual([found.uid, found.gid, found.mode & 0o7777], [12_345, 54_321, 0o4640])
    t.true((await lstat(join(shared, 'creux'))).blocks < 100)
    t.is(await readFile(join(root, 'etc/hostname'), 'utf8'), 'poste\n')
  })
  t.deepEqual(await readdir(cache), [])
  t.is(await attributes(disk), before)
  t.regex(before, /18\/20/u)
  t.regex(before, /09 03/u)
})

test('after a power cut the first archive counts, whatever the half-written file system shows', async (t) => {
  const { disk, image, readOnly, writable, parts } = await scene(t)
  await work(disk)
  t.true((await saveKeptPaths(parts, readOnly)).ok)
  await image()

  const again = await saveKeptPaths(parts, readOnly)
  const restored = await restoreKeptPaths(parts, writable)
  const twice = await restoreKeptPaths(parts, writable)

  t.deepEqual(again, { ok: true, kept: ['home/partage'], lost: false })
  t.true(restored.ok)
  t.deepEqual(twice, { ok: true, restored: [] })
  await withVolume(disk, 'ext4', async (root) => {
    t.is(await readFile(join(root, 'home/partage/rédaction été.odt'), 'utf8'), 'il était une fois')
  })
})

test('a file system that cannot be mounted is not packed later either, when it is half the image’s', async (t) => {
  const { disk, readOnly, writable, parts } = await scene(t)
  await work(disk)

  const lost = await saveKeptPaths(parts, async () => undefined)
  const later = await saveKeptPaths(parts, readOnly)

  t.deepEqual(lost, { ok: true, kept: [], lost: true })
  t.deepEqual(later, lost)
  t.deepEqual(await restoreKeptPaths(parts, writable), { ok: true, restored: [] })
})

test('what does not fit into the cache is refused, and leaves nothing behind', async (t) => {
  const { place, disk, readOnly, parts } = await scene(t)
  await work(disk)
  const file = join(place, 'cache.img')
  const small = join(place, 'small')
  await writeFile(file, '')
  await truncate(file, 8 * 2 ** 20)
  await run('mke2fs', '-q', '-t', 'ext4', '-F', file)
  await mkdir(small)
  await run('mount', '-o', 'loop', file, small)
  t.teardown(() => run('umount', '-l', small))
  const cramped = { ...parts, folder: join(small, 'kept') }

  const saved = await saveKeptPaths(cramped, readOnly)

  t.is(saved.ok ? 'ok' : saved.reason, 'keep-does-not-fit')
  t.deepEqual(await readdir(cramped.folder), [])
})

test('a damaged archive is not unpacked', async (t) => {
  const { disk, cache, readOnly, writable, parts } = await scene(t)
  await work(disk)
  await saveKeptPaths(parts, readOnly)
  await writeFile(join(cache, 'root.tar'), 'rouille')

  const restored = await restoreKeptPaths(parts, writable)

  t.is(restored.ok ? 'ok' : restored.reason, 'file-system-broken')
  await withVolume(disk, 'ext4', async (root) => {
    t.is(await readFile(join(root, 'home/partage/rédaction été.odt'), 'utf8'), 'il était une fois')
  })
})

test('a path that leads out of the system by a link is not kept', async (t) => {
  const { disk, readOnly, parts } = await scene(t)
  await withVolume(disk, 'ext4', async (root) => {
    await symlink('/etc', join(root, 'home/ailleurs'))
  })

  const saved = await saveKeptPaths(
    { ...parts, paths: ['/home/ailleurs/passwd', '/../../etc/hostname'] },
    readOnly,
  )

  t.deepEqual(saved, { ok: true, kept: ['etc/hostname'], lost: false })
})
