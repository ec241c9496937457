import test from 'ava'
import { bytesAt, inExt4, overwrite, placeOf } from './pc-disk.ts'
import { equalWork, newPc, openSchool, post, type School } from './school.ts'

let school: School
test.before(async () => {
  school = await openSchool()
})
test.after.always(() => school.close())

/** A bit of the inode turns over: its checksum is then wrong, as in a file system of which the journal was not played back. */
async function breakInode(disk: string, path: string): Promise<void> {
  const at = /located at block (\d+), offset 0x([0-9a-f]+)/.exec(await inExt4(disk, 'cache', `imap ${path}`))
  const blockBytes = Number(/^Block size:\s+(\d+)$/m.exec(await inExt4(disk, 'cache', 'stats -h'))?.[1])
  const { startBytes } = await placeOf(disk, 'cache')
  const position = startBytes + Number(at?.[1]) * blockBytes + Number.parseInt(at?.[2] ?? '', 16) + 8
  const byte = await bytesAt(disk, position, 1)
  await overwrite(disk, position, Buffer.from([(byte[0] ?? 0) ^ 1]))
}

for (const file of ['/boot/ready', '/fence.json', '/state.json']) {
  test.serial(
    `A cache partition in which ${file} cannot be read is no hindrance: what is there is fetched anew`,
    async (t) => {
      const pc = await newPc(school)
      post(school.desk, { kind: 'restore', ...equalWork(school) })
      await pc.start()
      await breakInode(pc.disk, file)
      t.notRegex(await inExt4(pc.disk, 'cache', `stat ${file}`), /Type: regular/, 'the inode is broken')

      const id = post(school.desk, { kind: 'restore', ...equalWork(school) })
      t.is(await pc.start(), 'reboot')
      t.is(school.desk.order(id).done?.kind, 'done', JSON.stringify(school.desk.order(id).done))
      t.regex(await inExt4(pc.disk, 'cache', 'stat /boot/ready'), /Type: regular/)
    },
  )
}
