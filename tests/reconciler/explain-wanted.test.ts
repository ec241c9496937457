import test from 'ava'
import { explain } from '../../reconciler/explain.ts'
import type { MachineId } from '../../reconciler/model/ids.ts'
import type { Observed } from '../../reconciler/model/observed.ts'
import type { Desired } from '../../specs/desired.ts'
import { deserialize, serialize } from '../../specs/serialize.ts'
import { compiled, smallPark } from '../specs/park.ts'
import { facts, now, observedDisk, up, wantedDisk } from './sample-park.ts'

const digest = `sha256:${'ab'.repeat(32)}`

/** Each part of a1's disk is set by another layer; a2 has only what the role gives. */
const files = smallPark({
  'park.yaml': 'kind: Park\nname: demo\ndefaults:\n  boot: { timeout: 30s }\n',
  'edu.yaml': `kind: Image
name: edu
os: debian
versions: { "1": { digest: "${digest}" }, "2": { digest: "${digest}" } }
disk:
  table: gpt
  partitions:
    - { name: esp, type: esp, size: 256MiB, content: image }
    - { name: root, type: linux, size: 30GiB, content: image }
    - { name: cache, type: linux, size: 20GiB, content: cache }
    - { name: files, type: data, size: rest, content: keep }
`,
  'base.yaml': 'kind: Role\nname: base\nimage: edu@1\n',
  'poste.yaml': 'kind: Role\nname: poste\nextends: base\nreset:\n  policy: nightly\n',
  'hugo.yaml': `kind: Lycee
name: hugo
title: Lycée Hugo
network: { subnet: 10.25.11.0/24 }
server: { address: 10.25.11.2 }
role: poste
reset:
  keep: [/srv]
rooms:
  r1:
    boot: { reset: false }
    machines:
      a1:
        mac: 52:54:00:00:00:01
        image: edu@2
        boot:
          default: root
      a2: 52:54:00:00:00:02
`,
})

const wantedOf = (id: string, desired: Desired = compiled(files)) =>
  explain(id as MachineId, desired, undefined, undefined, undefined, [], now)
    ?.sections.find(({ kind }) => kind === 'wanted')
    ?.lines.map(({ text, origin, layer }) => [text.en, `${origin?.file}:${origin?.line}`, layer?.en])

const short = digest.slice(7, 19)

const wantedOfA1 = [
  ['host name a1', 'hugo.yaml:13', 'machine a1'],
  [`disk image edu@2 (${short})`, 'hugo.yaml:15', 'machine a1'],
  ['disk layout (gpt): esp, root, cache, files (keep)', 'edu.yaml:5', 'image edu'],
  ['boot menu: root by default', 'hugo.yaml:17', 'machine a1'],
  ['boot menu: shown for 30 s', 'park.yaml:4', 'park'],
  ['boot menu: offers no reset', 'hugo.yaml:11', 'room r1'],
  ['reset each night', 'poste.yaml:5', 'role poste'],
  ['a reset keeps /srv', 'hugo.yaml:8', 'lycée Lycée Hugo'],
]

test('each part of the disk is told with the layer that really set it', (t) => {
  t.deepEqual(wantedOf('hugo/a1'), wantedOfA1)
  t.deepEqual(wantedOf('hugo/a2'), [
    ['host name a2', 'hugo.yaml:18', 'machine a2'],
    [`disk image edu@1 (${short})`, 'base.yaml:3', 'role base'],
    ['disk layout (gpt): esp, root, cache, files (keep)', 'edu.yaml:5', 'image edu'],
    ['boot menu: shown for 30 s', 'park.yaml:4', 'park'],
    ['boot menu: offers no reset', 'hugo.yaml:11', 'room r1'],
    ['reset each night', 'poste.yaml:5', 'role poste'],
    ['a reset keeps /srv', 'hugo.yaml:8', 'lycée Lycée Hugo'],
  ])
})

test('the store keeps the layers; of what an earlier version stored the places are still told', (t) => {
  const desired = compiled(files)
  const stored = serialize(desired)
  t.deepEqual(wantedOf('hugo/a1', deserialize(stored)), wantedOfA1)
  const { layers: _, origins, ...rest } = JSON.parse(stored)
  const earlier = JSON.stringify({
    ...rest,
    origins: origins.map((origin: readonly unknown[]) => origin.slice(0, 4)),
  })
  t.deepEqual(
    wantedOf('hugo/a1', deserialize(earlier)),
    wantedOfA1.map(([text, place, layer]) => [text, place, text === 'host name a1' ? layer : undefined]),
  )
})

test('what a single file of all layers sets is told by layer too', (t) => {
  const lycee = 'kind: Lycee\nname: poste\nos: debian\npackages: { vim: present }\n'
  const desired = compiled(
    smallPark({
      'vim.yaml': 'kind: Package\nname: vim\ndebian: { apt: vim }\n',
      'poste.yaml': `${lycee}rooms: { r1: { machines: { b1: 52:54:00:00:00:09 } } }\n`,
      'hugo.yaml': 'kind: Role\nname: hugo\n',
    }),
  )
  // The lycée's file has a role's usual name, and the other way round.
  t.deepEqual(wantedOf('poste/b1', desired)?.at(-1), ['package vim', 'poste.yaml:4', 'lycée poste'])
})

const isText = (observed: Observed, desired: Desired): string =>
  explain(observed.machine, desired, observed, undefined, undefined, [], now)
    ?.sections.filter(({ kind }) => kind === 'is' || kind === 'differs')
    .flatMap(({ lines }) => lines.map(({ text }) => text.en))
    .join('\n') ?? ''

test('of a PC without an image nothing is said of its disk, unless it has one of our images', (t) => {
  const bare = compiled(smallPark())
  t.notRegex(isText(up('hugo/a1', facts(), { disk: observedDisk() }), bare), /disk/)
  const left = up('hugo/a1', facts(), { disk: observedDisk(wantedDisk()) })
  t.regex(isText(left, bare), /disk image debian-edu@2026\.09, written/)
  const imaged = compiled(files)
  t.regex(isText(up('hugo/a1', facts(), { disk: observedDisk() }), imaged), /disk not written from an image/)
})

test('a PC that nobody has looked at is told what its disk is in for', (t) => {
  const explained = explain('hugo/a1' as MachineId, compiled(files), undefined, undefined, undefined, [], now)
  const lines = explained?.sections.find(({ kind }) => kind === 'differs')?.lines ?? []
  t.deepEqual(
    lines.map(({ text, layer }) => [text.en, layer?.en]),
    [
      ['disk: never looked at', undefined],
      [
        'unless it is so already: write image edu@2 to the disk (what is on it was not read: all but what the layout keeps may be lost)',
        'machine a1',
      ],
    ],
  )
})
