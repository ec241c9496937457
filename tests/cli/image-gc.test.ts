import { cp, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { openFolderStore } from '../../imaging/folder-store.ts'
import { walkStore } from '../../imaging/store-walk.ts'
import type { MachineId } from '../../reconciler/model/ids.ts'
import { openStore } from '../../reconciler/store/open.ts'
import { makeImage } from '../imaging/made-image.ts'
import { json, scratch, writeFiles } from './command.ts'
import { proviseur } from './in-process.ts'
import { samplePark } from './sample-park.ts'

const machine = 'victor-hugo/b204-01' as MachineId

test('what a PC has, and what the specs want, outlives its name; everything else goes', async (t) => {
  const folder = await scratch()
  t.teardown(folder.remove)
  const images = join(folder.path, '.proviseur/images')
  const on = await makeImage(t, { seed: 1, chunks: 4, version: 'on-a-pc' })
  const wanted = await makeImage(t, { seed: 2, chunks: 4, version: 'wanted', key: on.key })
  const gone = await makeImage(t, { seed: 3, chunks: 4, version: 'gone', key: on.key })
  for (const { store } of [on, wanted, gone]) await cp(store.folder, images, { recursive: true })
  await writeFiles(folder.path, {
    ...samplePark(),
    'images/debian-edu.yaml': `kind: Image
name: debian-edu
os: debian
versions: { wanted: { digest: "sha256:${wanted.digest}" } }
disk:
  table: gpt
  partitions:
    - { name: root, type: linux, size: rest, content: image }
`,
    'lycees/victor-hugo.yaml': `kind: Lycee
name: victor-hugo
network: { subnet: 127.0.0.0/8 }
server: { address: 127.0.0.9, netboot: off }
role: poste
image: debian-edu@wanted
rooms:
  b204:
    machines:
      b204-01: { mac: 52:54:00:25:02:01, address: 127.0.0.1 }
`,
  })
  const store = await openStore(`sqlite:${join(folder.path, '.proviseur/store.db')}`)
  const state = { layout: 'l', settings: 's', job: 'j', at: 1, how: 'restore' } as const
  await store.putObserved([
    {
      machine,
      observedAt: 1,
      observer: 'test',
      reach: 'off',
      disk: {
        at: 1,
        by: 'system',
        state: { ...state, manifest: on.digest, image: 'debian-edu@on-a-pc' },
      },
      errors: [],
    },
  ])
  await store.close()
  const call = (...args: readonly string[]) => proviseur(['image', ...args], { cwd: folder.path })
  for (const { label } of [on, wanted, gone]) t.is((await call('remove', label)).code, 0)
  const longAgo = new Date('2026-01-01')
  for await (const { path } of walkStore(images, ['manifests', 'lists', 'maps', 'chunks', 'names']))
    await utimes(join(images, path), longAgo, longAgo)

  const collected = await call('gc', '--json')
  t.is(collected.code, 0, collected.stderr)
  t.deepEqual(json(collected).needed.toSorted(), [`sha256:${on.digest}`, `sha256:${wanted.digest}`].sort())
  const left = openFolderStore(images)
  t.deepEqual((await left.manifests()).toSorted(), [on.digest, wanted.digest].sort())
  t.is((await left.missingChunks([...on.names, ...wanted.names])).length, 0)
  t.is((await left.missingChunks(gone.names)).length, gone.names.length)
})
