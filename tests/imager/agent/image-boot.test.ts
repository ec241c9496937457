import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import type { Layout } from '../../../imaging/protocol.ts'
import { layout as withCache } from './golden-disk.ts'
import { bytesAt, partitionsOf, placeOf, readExt4, readFat, writeExt4 } from './pc-disk.ts'
import { mebibyte } from './run.ts'
import { equalWork, newPc, openSchool, post, type School } from './school.ts'

let school: School
test.before(async () => {
  school = await openSchool()
})
test.after.always(() => school.close())

const layout: Layout = {
  ...withCache,
  partitions: withCache.partitions.filter(({ content, type }) => content !== 'cache' && type !== 'bios'),
}

test.serial(
  'Without a cache partition the image’s own boot path is restored, and data partitions stay',
  async (t) => {
    const pc = await newPc(school)
    const first = post(school.desk, { kind: 'restore', ...equalWork(school, { layout }) })
    await pc.start()
    t.is(school.desk.order(first).done?.kind, 'done', pc.screen.join(''))
    t.deepEqual(
      (await partitionsOf(pc.disk)).map(({ name }) => name),
      ['esp', 'root', 'data'],
    )
    const esp = await placeOf(pc.disk, 'esp')
    const golden = await placeOf(school.golden, 'esp')
    // The first mebibyte has the file system's head, its tables and the root folder: all of it is used.
    t.true(
      (await bytesAt(pc.disk, esp.startBytes, 4096)).equals(
        await bytesAt(school.golden, golden.startBytes, 4096),
      ),
    )
    t.is(await readFat(pc.disk, 'esp', 'EFI/Microsoft/version'), 'v1\n')
    t.true((await bytesAt(pc.disk, 0, 440)).every((byte) => byte === 0))

    const mine = join(school.folder, 'mine')
    await writeFile(mine, 'mine\n')
    await writeExt4(pc.disk, 'data', mine, 'homework')
    await writeExt4(pc.disk, 'root', mine, 'etc/virus')
    const second = post(school.desk, {
      kind: 'reset',
      ...equalWork(school, { layout, mayRepartition: false }),
    })
    await pc.start()
    const { done } = school.desk.order(second)
    t.like(done, { kind: 'done', state: { how: 'reset' } }, pc.screen.join(''))
    t.is(await readExt4(pc.disk, 'root', '/etc/virus'), '')
    t.is(await readExt4(pc.disk, 'data', '/homework'), 'mine\n')
  },
)

test.serial('A layout that gains a cache keeps the data partition where it is', async (t) => {
  const pc = await newPc(school)
  const data = { name: 'data', type: 'linux', sizeBytes: 64 * mebibyte, content: 'keep' } as const
  const before: Layout = {
    table: 'gpt',
    partitions: [...layout.partitions.filter(({ name }) => name !== 'data'), data],
  }
  post(school.desk, { kind: 'restore', ...equalWork(school, { layout: before }) })
  await pc.start()
  const mine = join(school.folder, 'mine')
  await writeFile(mine, 'mine\n')
  await writeExt4(pc.disk, 'data', mine, 'homework')
  const place = await placeOf(pc.disk, 'data')

  const after: Layout = {
    table: 'gpt',
    partitions: [
      ...before.partitions,
      ...withCache.partitions.filter(({ content, type }) => content === 'cache' || type === 'bios'),
    ],
  }
  const id = post(school.desk, {
    kind: 'restore',
    ...equalWork(school, { layout: after, mayRepartition: false }),
  })
  await pc.start()
  t.is(school.desk.order(id).done?.kind, 'done', pc.screen.join(''))
  t.deepEqual(await placeOf(pc.disk, 'data'), place)
  t.is(await readExt4(pc.disk, 'data', '/homework'), 'mine\n')
  t.is((await readExt4(pc.disk, 'cache', '/boot/grubenv')).length, 1024)
})

test.serial('A capture of a restored PC sends the draft of a new version, and changes nothing', async (t) => {
  const pc = await newPc(school)
  post(school.desk, { kind: 'restore', ...equalWork(school) })
  await pc.start()
  const id = post(school.desk, {
    ...({ kind: 'capture', name: 'debian-edu', version: '2', chunkBytes: mebibyte } as const),
    layout: withCache,
  })
  await pc.start()
  const { done } = school.desk.order(id)
  t.is(done?.kind, 'done', `${JSON.stringify(done)} ${pc.screen.join('')}`)
  t.like(done?.kind === 'done' ? done.draft : undefined, {
    version: '2',
    partitions: [{ name: 'esp' }, { name: 'root', sizeBytes: 64 * mebibyte }],
  })
})
