/** A partition that is larger than its image: the file system fills it, and what was in it stays. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { growFileSystem } from '../../../imager/agent/grow.ts'
import { withMounted } from '../../../imager/agent/mounted.ts'
import { done } from '../../../imager/agent/result.ts'
import {
  check,
  cutOut,
  folderFor,
  type Made,
  MIB,
  makeDisk,
  makeExt4,
  makeNtfs,
  noise,
} from '../../imaging/disks.ts'
import { run } from './run.ts'

const files = { 'LARGE.BIN': noise(3, 5 * MIB + 77), 'SMALL.TXT': Buffer.from('bonjour\n') }
const imageBytes = 32 * MIB
const partitionBytes = 80 * MIB

/** What its own tool says that it covers. */
const coveredBytes = async ({ path, kind }: Made): Promise<number> => {
  if (kind === 'ext4') {
    const told = await run('dumpe2fs', '-h', path)
    const number = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)$`, 'm').exec(told)?.[1])
    return number('Block count') * number('Block size')
  }
  const told = await run('ntfsresize', '--info', '--force', '--no-progress-bar', path)
  return Number(/^Current volume size: (\d+) bytes/m.exec(told)?.[1])
}

const kinds = [
  ['ext4', makeExt4],
  ['ntfs', makeNtfs],
] as const

for (const [kind, make] of kinds) {
  test(`${kind} fills its partition, and its files are as they were`, async (t) => {
    const folder = await folderFor(t)
    const disk = join(folder, 'disk')
    const made = await make(folder, 'image', imageBytes / MIB, files)
    t.true((await coveredBytes(made)) <= imageBytes)
    const [offsetBytes = 0] = await makeDisk(disk, 'gpt', [
      { from: await make(folder, 'larger', partitionBytes / MIB, {}), type: 'linux' },
    ])
    const range = { device: disk, offsetBytes, sizeBytes: partitionBytes }
    await putImage(made.path, disk, offsetBytes)

    const grown = await growFileSystem({ range, fileSystem: kind, imageBytes })

    t.deepEqual(grown, done(undefined))
    const path = join(folder, 'grown')
    await cutOut(disk, path, offsetBytes, partitionBytes)
    const seen = { path, kind }
    await check(seen)
    t.true((await coveredBytes(seen)) > partitionBytes - MIB, String(await coveredBytes(seen)))
    // As the imager does next, to write the system's name and keys.
    const read = await withMounted(range, kind, async (root) => {
      const same: string[] = []
      for (const [file, bytes] of Object.entries(files))
        if (bytes.equals(await readFile(join(root, file)))) same.push(file)
      return done(same)
    })
    t.deepEqual(read, done(Object.keys(files)))
  })
}

/** As a restore does: what the image does not cover keeps what was there. */
async function putImage(image: string, disk: string, offsetBytes: number): Promise<void> {
  await run(
    'dd',
    `if=${image}`,
    `of=${disk}`,
    'bs=1M',
    `seek=${offsetBytes / MIB}`,
    'conv=notrunc',
    'status=none',
  )
}
