import { cp, mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { openFolderStore } from '../../imaging/folder-store.ts'
import { readTrials, writeTrial } from '../../imaging/trial-record.ts'
import { makeImage, temporaryFolder } from '../imaging/made-image.ts'
import { json, scratch, writeFiles } from './command.ts'
import { proviseur } from './in-process.ts'

test('what cannot be tried is refused, and nothing is noted', async (t) => {
  const folder = await scratch()
  t.teardown(folder.remove)
  const image = await makeImage(t, { chunks: 3 })
  const images = join(folder.path, '.proviseur/images')
  await cp(image.store.folder, images, { recursive: true })
  await writeFiles(folder.path, { 'park.yaml': 'kind: Park\nname: sample\ntimezone: Europe/Paris\n' })
  const own = { mode: 0o600 }
  await writeFile(join(folder.path, 'key.pub'), 'ssh-ed25519 AAAA jeanne\n', own)
  const cut = '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n'
  await writeFile(join(folder.path, 'cut'), cut, own)
  const call = (...args: readonly string[]) => proviseur(['image', 'test', ...args], { cwd: folder.path })
  for (const [args, code, told] of [
    [['debian-edu@1999'], 1, /There is no image debian-edu@1999/u],
    [[image.label, '--firmware', 'coreboot'], 64, /coreboot/u],
    [[image.label, '--timeout', 'soon'], 64, /--timeout/u],
    [[image.label, '--ssh-key', 'missing'], 1, /There is no SSH key .*missing/u],
    [[image.label, '--ssh-key', 'key.pub'], 1, /not a private SSH key/u],
    [[image.label, '--ssh-key', 'cut'], 1, /a key of a kind that cannot be used here/u],
    [[image.label, '--disk', 'floppy'], 64, /floppy/u],
  ] as const) {
    const ran = await call(...args)
    t.is(ran.code, code, ran.stderr)
    t.regex(ran.stderr, told)
  }
  t.deepEqual(await readTrials(openFolderStore(images), image.digest), [])
  t.false((await readdir(images)).includes('tests'))
})

test('the newest trial of each firmware is kept and listed; a record that is damaged counts as none', async (t) => {
  const image = await makeImage(t, { chunks: 2 })
  const { store, digest } = image
  for (const trial of [
    { firmware: 'uefi', passed: false, at: 1, seconds: 600 },
    { firmware: 'bios', passed: true, at: 2, seconds: 40 },
    { firmware: 'uefi', passed: true, at: 3, seconds: 50 },
  ] as const)
    t.true((await writeTrial(store, digest, trial)).ok)
  const newest = [
    { firmware: 'bios', passed: true, at: 2, seconds: 40 },
    { firmware: 'uefi', passed: true, at: 3, seconds: 50 },
  ] as const
  t.deepEqual(await readTrials(store, digest), newest)

  const park = await temporaryFolder(t)
  await writeFiles(park, { 'park.yaml': 'kind: Park\nname: sample\ntimezone: Europe/Paris\n' })
  await mkdir(join(park, '.proviseur'))
  await cp(store.folder, join(park, '.proviseur/images'), { recursive: true })
  t.regex((await proviseur(['image', 'list'], { cwd: park })).stdout, /bios ✓ uefi ✓/u)
  t.deepEqual(json(await proviseur(['image', 'list', '--json'], { cwd: park })).images[0].trials, newest)
  await writeFile(join(store.folder, 'tests', `${digest}.json`), '{"trials":[{"firmware":"bi')
  t.deepEqual(await readTrials(store, digest), [])
})
