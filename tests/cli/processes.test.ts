/** Most tests run commands within their own process; here each one is a process, as a user's shell starts it, that has to end by itself. */
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { catalogue } from '../../cli/catalogue/catalogue.ts'
import { makeImage } from '../imaging/made-image.ts'
import { proviseur, scratch, writeFiles } from './command.ts'
import { closedPort, samplePark } from './sample-park.ts'

/** Started as processes by tests of their own, which need more than a park. */
const elsewhere = ['image import', 'imager build', 'simulate']

/** In this order, on one park that two machines and one image are in: what follows the command's name, and what it ends with. */
const runs: readonly (readonly [command: string, args: readonly string[], code: number])[] = [
  ['init', [], 0],
  ['check', [], 0],
  ['schema', ['Park'], 0],
  ['plan', [], 2],
  ['up', ['--once'], 3],
  ['status', [], 0],
  ['explain', ['b204-01'], 0],
  ['log', [], 0],
  ['pause', ['b204', '--why', 'exam'], 0],
  ['resume', ['b204'], 0],
  ['wake', ['b204-01'], 0],
  ['trust', ['b204', '--yes'], 1],
  ['retry', ['b204-01'], 0],
  ['approve', ['1234567'], 1],
  ['new-epoch', ['--why', 'store restored'], 0],
  ['rollout status', [], 0],
  ['rollout history', [], 0],
  ['rollout approve', [], 1],
  ['rollout pause', ['--why', 'exam'], 0],
  ['rollout resume', ['--why', 'over'], 1],
  ['rollout rollback', ['--why', 'wrong one'], 1],
  ['rollout abort', ['--why', 'later'], 0],
  ['reset', ['b204-01', '--yes'], 1],
  ['verify', ['b204-01', '--yes'], 1],
  ['discovered', [], 0],
  ['image capture', ['b204-01', 'golden@1', '--yes'], 1],
  ['image list', [], 0],
  ['image verify', [], 0],
  ['image tag', ['debian-edu@2026.09', 'debian-edu@stable'], 0],
  ['image diff', ['debian-edu@2026.09', 'debian-edu@stable'], 0],
  ['image remove', ['debian-edu@stable'], 0],
  ['image gc', ['--dry-run'], 0],
  ['image export', ['debian-edu@2026.09', 'disk.raw'], 0],
  ['image pull', ['debian-edu@2026.09'], 64],
  ['image test', ['debian-edu@1999'], 1],
]

test('every command of the catalogue starts as a process, says something and ends by itself', async (t) => {
  const folder = await scratch()
  t.teardown(folder.remove)
  await writeFiles(folder.path, samplePark(await closedPort()))
  const image = await makeImage(t, { chunks: 3 })
  await cp(image.store.folder, join(folder.path, '.proviseur/images'), { recursive: true })
  const keys = join(folder.path, '.proviseur/keys')
  await mkdir(keys, { mode: 0o700 })
  await writeFile(join(keys, 'image-signing.pub'), image.key.publicKeyPem)
  for (const [command, args, code] of runs) {
    const ran = await proviseur([...command.split(' '), ...args], { cwd: folder.path })
    t.is(ran.code, code, `${command}\n${ran.stdout}${ran.stderr}`)
    t.not(ran.stdout + ran.stderr, '', command)
    t.notRegex(ran.stderr, /\bat .*\.ts:|Warning/u, command)
  }
})

test('no command of the catalogue is forgotten here', (t) => {
  const names = catalogue.flatMap((group) => group.entries.map((entry) => entry.name))
  t.deepEqual([...runs.map(([command]) => command), ...elsewhere].sort(), [...names].sort())
})
