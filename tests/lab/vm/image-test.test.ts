import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { openFolderStore } from '../../../imaging/folder-store.ts'
import { json, proviseur, scratch, writeFiles } from '../../cli/command.ts'
import { MIB, makeDisk, makeExt4, noise } from '../../imaging/disks.ts'
import { imported } from '../../imaging/imported.ts'
import { debianImages } from './debian-image.ts'

const park = async (t: ExecutionContext, disk: (folder: string) => Promise<string>) => {
  const folder = await scratch()
  t.teardown(folder.remove)
  await writeFiles(folder.path, { 'park.yaml': 'kind: Park\nname: sample\ntimezone: Europe/Paris\n' })
  const work = join(folder.path, 'work')
  await mkdir(work)
  const store = openFolderStore(join(folder.path, '.proviseur/images'))
  await imported(t, store, { name: 'lab', version: '1', diskPath: await disk(work) })
  return (...args: readonly string[]) => proviseur(['image', ...args], { cwd: folder.path })
}

test.serial('a Debian image starts in a virtual PC up to its login, and the list says so', async (t) => {
  const call = await park(t, async () => (await debianImages((step) => t.log(step))).v1.file)
  const ran = await call(
    'test',
    'lab@1',
    '--disk',
    'virtio',
    '--firmware',
    'bios',
    '--timeout',
    '20m',
    '--json',
  )
  t.is(ran.code, 0, ran.stdout + ran.stderr)
  t.like(json(ran), { image: 'lab@1', trials: [{ firmware: 'bios', passed: true }] })
  t.regex((await call('list')).stdout, /tested.*\n.*bios ✓/u)
  t.like(json(await call('list', '--json')).images[0], { trials: [{ firmware: 'bios', passed: true }] })
})

test.serial('an image that does not start is given up in time, and noted as such', async (t) => {
  const call = await park(t, async (folder) => {
    const disk = join(folder, 'disk.img')
    await makeDisk(disk, 'gpt', [
      { from: await makeExt4(folder, 'root', 16, { A: noise(1, MIB) }), type: 'linux' },
    ])
    return disk
  })
  const ran = await call('test', 'lab@1', '--firmware', 'bios', '--timeout', '20s')
  t.is(ran.code, 1, ran.stderr)
  t.regex(ran.stdout, /✗ bios {2}no login within \d+ s/u)
  t.regex(ran.stdout, /SeaBIOS/u)
  t.regex((await call('list')).stdout, /bios ✗/u)
})
