import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import {
  flipBit,
  folderFor,
  MIB,
  makeDisk,
  makeExt4,
  makeSwap,
  makeVfat,
  noise,
  run,
} from '../imaging/disks.ts'
import { json, proviseur as startProviseur, writeFiles } from './command.ts'
import { proviseur } from './in-process.ts'

const spec = `# What pupils work on.
kind: Image
name: debian-edu
os: debian
versions:
  "2026.08": { digest: "sha256:${'0'.repeat(64)}" } # last summer
disk:
  table: gpt
  partitions:
    - { name: efi, type: esp, size: 64MiB, content: image }
    - { name: root, type: linux, size: 1GiB, content: image }
    - { name: swap, type: swap, size: 64MiB, content: empty }
    - { name: cache, type: linux, size: rest, content: cache }
`

/** A park with an Image spec, and a disk beside it. */
const parkWithDisk = async (t: ExecutionContext) => {
  const folder = await folderFor(t)
  const park = join(folder, 'park')
  await writeFiles(park, {
    'park.yaml': 'kind: Park\nname: sample\ntimezone: Europe/Paris\n',
    'images/debian-edu.yaml': spec,
  })
  const disk = join(folder, 'disk.img')
  await makeDisk(disk, 'gpt', [
    { from: await makeVfat(folder, 'esp', 34, 32, { 'A.TXT': Buffer.from('a') }), type: 'uefi' },
    { from: await makeExt4(folder, 'root', 48, { A: noise(1, 2 * MIB) }), type: 'linux' },
    { from: await makeSwap(folder, 'swap', 8), type: 'swap' },
  ])
  return {
    folder,
    park,
    disk,
    call: (...args: readonly string[]) => proviseur(['image', ...args], { cwd: park }),
  }
}

test('an import makes the signing key, prints the digest and writes it into the spec, comments and all', async (t) => {
  const { park, disk, call } = await parkWithDisk(t)
  const path = join(park, 'images/debian-edu.yaml')
  const ran = await call('import', 'debian-edu@2026.10', disk, '--spec', path)
  t.is(ran.code, 0, ran.stderr)
  t.regex(ran.stderr, /Made the park’s signing key .*image-signing/u)
  t.regex(ran.stderr, /Partition 3 \(swap, swap\) is left out/u)
  const digest = /sha256:[0-9a-f]{64}/u.exec(ran.stdout)?.[0] ?? ''
  const written = await readFile(path, 'utf8')
  t.is(written, spec.replace('# last summer\n', `# last summer\n  "2026.10": { digest: "${digest}" }\n`))
  const again = await call('import', 'debian-edu@2026.11', disk, '--json')
  t.is(again.code, 0)
  t.is(again.stderr, '')
  t.is(json(again).newBytes, 0)
  t.deepEqual(
    json(again).manifest.partitions.map(({ name, os }: { name: string; os?: string }) => [name, os]),
    [
      ['efi', undefined],
      ['root', 'debian'],
    ],
  )
})

test('list, diff, verify, tag, remove and gc, one after the other', async (t) => {
  const { folder, park, disk, call } = await parkWithDisk(t)
  t.regex((await call('list')).stdout, /No images yet/u)
  t.is((await call('import', 'debian-edu@1', disk)).code, 0)
  const root = await makeExt4(folder, 'new', 48, { A: noise(2, 2 * MIB) })
  const second = await call(
    'import',
    'debian-edu@2',
    '--from',
    'debian-edu@1',
    '--partition',
    `root=${root.path}`,
    '--json',
  )
  t.is(second.code, 0, second.stdout)
  const listed = json(await call('list', '--json')).images
  t.deepEqual(
    listed.map(({ image }: { image: string }) => image),
    ['debian-edu@1', 'debian-edu@2'],
  )
  t.is(listed[1].ownBytes, json(second).newBytes)
  const diff = json(await call('diff', 'debian-edu@1', 'debian-edu@2', '--json'))
  t.is(diff.fetchBytes, json(second).newBytes)
  t.deepEqual(
    diff.partitions.map(({ name, kind }: { name: string; kind: string }) => [name, kind]),
    [
      ['efi', 'same'],
      ['root', 'changed'],
    ],
  )
  t.is((await call('verify')).code, 0)
  t.is((await call('tag', 'debian-edu@1', 'debian-edu@stable')).code, 0)
  t.is((await call('remove', 'debian-edu@1')).code, 0)
  t.is(json(await call('gc', '--grace', '0s', '--json')).removedFiles, 0)
  t.is((await call('remove', 'debian-edu@stable')).code, 0)
  t.regex((await call('gc')).stdout, /Removed: 0 B in 0 files\.[\s\S]* files that are too young\./u)
  t.regex((await call('gc', '--lang', 'fr')).stdout, /Supprimé.: 0 o en 0 fichier\./u)
  t.is((await call('gc', '--grace', '24')).code, 64)
  const counted = json(await call('gc', '--grace', '0s', '--dry-run', '--json'))
  t.true(counted.removedBytes > 2 * MIB)
  const collected = json(await call('gc', '--grace', '0s', '--json'))
  t.is(collected.removedBytes, counted.removedBytes)
  t.is((await call('verify', 'debian-edu@2')).code, 0)
  const lists = await run('sh', '-c', `ls -d "$1"/.proviseur/images/lists/*`, 'sh', park)
  const [first = ''] = lists.toString().split('\n')
  await flipBit(first)
  const listing = await call('list')
  t.regex(listing.stdout, /debian-edu@2 +cannot be read/u)
  t.regex(listing.stdout, /✗ debian-edu@2: What .* is not what its name says/u)
  t.regex((await call('verify', '--lang', 'fr')).stdout, /liste de blocs endommagée[\s\S]*image pull/u)
  const found = await call('verify', '--json')
  t.is(found.code, 1)
  t.is(json(found).faults[0].code, 'list-damaged')
})

test('an exported disk has the partitions of the image', async (t) => {
  const { folder, disk, call } = await parkWithDisk(t)
  await call('import', 'debian-edu@1', disk)
  const file = join(folder, 'out.raw')
  t.is((await call('export', 'debian-edu@1', file)).code, 0)
  t.regex((await run('sfdisk', '-d', file)).toString(), /name="efi"[\s\S]*name="root"/u)
  for (const [path, code] of [
    [file, 'file-exists'],
    [folder, 'file-exists'],
    [join(folder, 'nowhere', 'out.raw'), 'folder-missing'],
  ] as const) {
    const again = await call('export', 'debian-edu@1', path, '--json')
    t.is(again.code, 1)
    t.is(json(again).error.code, code)
  }
})

test('what is asked wrongly is told, in both languages, and changes nothing', async (t) => {
  const { folder, park, disk, call } = await parkWithDisk(t)
  const label = await call('import', 'debian edu', disk)
  t.is(label.code, 64)
  t.regex(label.stderr, /names no image version: give NAME@VERSION/u)
  const nothing = await call('import', 'a@1', '--json')
  t.is(nothing.code, 64)
  t.is(json(nothing).error.code, 'nothing-to-import')
  t.regex(
    (await call('diff', 'a@1')).stderr,
    /needs <other@version>[\s\S]*proviseur help image diff tells how/u,
  )
  const twice = await call('import', 'a@1', '--partition', 'root=x', '--partition', 'root=y', '--json')
  t.is(twice.code, 64)
  t.is(json(twice).error.code, 'bad-partition')
  const unknown = await call('diff', 'a@1', 'a@2', '--lang', 'fr')
  t.is(unknown.code, 1)
  t.regex(unknown.stderr, /Il n’y a pas d’image a@1.: le dépôt est vide/u)
  await writeFile(join(park, 'images/debian-edu.yaml'), spec.replace('table: gpt', 'table: floppy'))
  t.is(json(await call('import', 'debian-edu@1', disk, '--json')).error.code, 'spec-broken')
  await writeFile(join(folder, 'empty'), '')
  for (const name of ['nowhere', 'empty', '.']) {
    const ran = await call('import', 'other@1', join(folder, name), '--json')
    t.is(json(ran).error.code, 'image-file-missing', name)
  }
  t.is(json(await call('remove', 'a@1', '--json')).error.code, 'image-unknown')
  t.deepEqual(json(await call('list', '--json')).images, [])
  t.false(existsSync(join(park, '.proviseur')), 'no signing key was made')
})

test('Ctrl-C ends an import in order, and the next one goes on from there', async (t) => {
  const { folder, park } = await parkWithDisk(t)
  const root = await makeExt4(folder, 'large', 96, { A: noise(5, 64 * MIB) })
  const args = ['image', 'import', 'large@1', '--partition', `root=${root.path}`]
  let asked = false
  // The key is made, and told, right before the reading begins.
  const ran = await startProviseur(args, {
    cwd: park,
    watch: (output, signal) => {
      if (asked || !output.includes('signing key')) return
      asked = true
      signal('SIGINT')
    },
  })
  t.is(ran.code, 130)
  t.regex(ran.stderr, /the same command goes on from there/u)
  t.is((await proviseur(args, { cwd: park })).code, 0)
  t.is((await proviseur(['image', 'verify'], { cwd: park })).code, 0)
})
