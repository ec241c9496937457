import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { openHalfWritten, rememberingTorn } from '../../cli/site/half-written.ts'
import { folderFor } from './disks.ts'
import { doneOf } from './hellos.ts'

const noTrouble = (thrown: unknown) => {
  throw thrown
}

test('half-written disks are remembered over a restart, until they are whole', async (t) => {
  const file = join(await folderFor(t), 'half-written.json')
  const first = await openHalfWritten(file, noTrouble)
  t.deepEqual([...first.disks()], [])
  first.note('victor-hugo/b204-01', { job: 'action-1', at: 7 })
  first.note('victor-hugo/b204-02', { job: 'action-2', at: 8 })
  first.note('victor-hugo/b204-01', undefined)
  await first.written()
  const second = await openHalfWritten(file, noTrouble)
  t.deepEqual([...second.disks()], [['victor-hugo/b204-02', { job: 'action-2', at: 8 }]])
})

test('what the PC says at its end is answered when it is in the file', async (t) => {
  const file = join(await folderFor(t), 'half-written.json')
  const kept = await openHalfWritten(file, noTrouble)
  const done = rememberingTorn(
    {
      done: () => {
        kept.note('victor-hugo/b204-01', { job: 'action-1', at: 7 })
        return 'taken'
      },
    },
    kept,
  )
  t.is(await done('token', doneOf('action-1')), 'taken')
  t.regex(await readFile(file, 'utf8'), /b204-01/)
})

test('a damaged file is told and begun anew; a folder that is gone is told, and stops nobody', async (t) => {
  const folder = await folderFor(t)
  const file = join(folder, 'half-written.json')
  await writeFile(file, '{"disks":[{"machine":')
  const troubles: unknown[] = []
  const kept = await openHalfWritten(file, (thrown) => troubles.push(thrown))
  t.is(troubles.length, 1)
  kept.note('victor-hugo/b204-01', { job: 'action-1', at: 7 })
  await kept.written()
  t.is([...(await openHalfWritten(file, noTrouble)).disks()].length, 1)
  const nowhere = await openHalfWritten(join(folder, 'gone', 'half-written.json'), (thrown) =>
    troubles.push(thrown),
  )
  nowhere.note('victor-hugo/b204-01', { job: 'action-1', at: 7 })
  await nowhere.written()
  t.is(troubles.length, 2)
})
