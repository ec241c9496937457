import test from 'ava'
import { compile } from '../../specs/compile.ts'
import { codesOf, compiled, filesOf, machineOf, smallPark } from './park.ts'

const pkg = (name: string): string => `kind: Package\nname: ${name}\ndebian: { apt: ${name} }\n`
const script = (name: string): string => `kind: Script\nname: ${name}\napply: echo ${name}\n`

test('a version keeps the text it was written in', (t) => {
  const desired = compiled(
    smallPark({
      'p.yaml': pkg('hello'),
      'poste.yaml': 'kind: Role\nname: poste\npackages: { hello: 24.10 }\n',
    }),
  )
  const hello = [...machineOf(desired, 'hugo/a1').profile.packages.values()][0]
  t.deepEqual(hello?.want, { kind: 'version', version: '24.10' })
})

test('layers go park, role, lycée, room, machine, and each value knows where it was written', (t) => {
  const desired = compiled(
    smallPark({
      'park.yaml':
        'kind: Park\nname: demo\ndefaults:\n  packages: { a: "1", b: "1", c: "1", d: "1", e: "1" }\n',
      'poste.yaml': 'kind: Role\nname: poste\npackages: { b: "2", c: "2", d: "2", e: "2" }\n',
      'hugo.yaml': `kind: Lycee
name: hugo
role: poste
packages: { c: "3", d: "3", e: "3" }
rooms:
  r1:
    packages: { d: "4", e: "4" }
    machines:
      a1: { mac: 52:54:00:00:00:01, packages: { e: absent } }
`,
      ...Object.fromEntries(
        ['a', 'b', 'c', 'd', 'e'].map((name) => [
          `packages/${name}.yaml`,
          pkg(`${name}`).replace(`apt: ${name}`, `apt: p${name}`),
        ]),
      ),
    }),
  )
  const { packages, origins } = machineOf(desired, 'hugo/a1').profile
  const wants = [...packages.values()].map(({ want }) => (want.kind === 'version' ? want.version : want.kind))
  t.deepEqual(wants, ['1', '2', '3', '4', 'absent'])
  t.deepEqual(
    ['a', 'b', 'c', 'd', 'e'].map(
      (name) => `${origins.get(`packages.${name}`)?.file}:${origins.get(`packages.${name}`)?.line}`,
    ),
    ['park.yaml:4', 'poste.yaml:3', 'hugo.yaml:4', 'hugo.yaml:7', 'hugo.yaml:9'],
  )
})

test('a list of scripts replaces, a mapping of scripts adds and removes', (t) => {
  const names = (settings: string): readonly string[] => [
    ...machineOf(
      compiled(
        smallPark({
          ...Object.fromEntries(['a', 'b', 'c'].map((name) => [`${name}.yaml`, script(name)])),
          'base.yaml': 'kind: Role\nname: base\nscripts: [a, b]\n',
          'poste.yaml': `kind: Role\nname: poste\nextends: base\n${settings}`,
        }),
      ),
      'hugo/a1',
    ).profile.scripts.keys(),
  ]
  t.deepEqual(names(''), ['a', 'b'])
  t.deepEqual(names('scripts: [c]\n'), ['c'])
  t.deepEqual(names('scripts: { c: present, a: absent }\n'), ['b', 'c'])
})

test('a role reached twice counts where it is reached first', (t) => {
  const desired = compiled(
    smallPark({
      'base.yaml': 'kind: Role\nname: base\nretry: { attempts: 1 }\n',
      'left.yaml': 'kind: Role\nname: left\nextends: base\nretry: { attempts: 2 }\n',
      'right.yaml': 'kind: Role\nname: right\nextends: base\n',
      'poste.yaml': 'kind: Role\nname: poste\nextends: [left, right]\n',
    }),
  )
  const { roles, retry } = machineOf(desired, 'hugo/a1').profile
  t.deepEqual(roles, ['base', 'left', 'right', 'poste'])
  t.is(retry.attempts, 2)
})

test('a role of a room or machine replaces the inherited one, with all that it brought', (t) => {
  const desired = compiled(
    smallPark({
      'p.yaml': pkg('hello'),
      'poste.yaml': 'kind: Role\nname: poste\npackages: { hello: present }\n',
      'prof.yaml': 'kind: Role\nname: prof\n',
      'hugo.yaml':
        'kind: Lycee\nname: hugo\nrole: poste\nrooms: { r1: { machines: { a1: 52:54:00:00:00:01, a2: { mac: 52:54:00:00:00:02, role: prof } } } }\n',
    }),
  )
  t.is(machineOf(desired, 'hugo/a1').profile.packages.size, 1)
  t.is(machineOf(desired, 'hugo/a2').profile.packages.size, 0)
  t.deepEqual(machineOf(desired, 'hugo/a2').profile.roles, ['prof'])
})

test('machines with the same layers share one profile', (t) => {
  const machines = Array.from(
    { length: 30 },
    (_, index) => `      m${index}: 52:54:00:00:01:${(index + 16).toString(16)}`,
  )
  const desired = compiled(
    smallPark({
      'hugo.yaml': `kind: Lycee\nname: hugo\nrole: poste\nrooms:\n  r1:\n    machines:\n${machines.join('\n')}\n`,
    }),
  )
  t.is(new Set([...desired.machines.values()].map(({ profile }) => profile)).size, 1)
})

test('where nothing is said the documented defaults hold', (t) => {
  const desired = compiled(smallPark())
  const { profile } = machineOf(desired, 'hugo/a1')
  t.deepEqual(profile.ssh, { user: 'root', port: 22, firstContact: 'refuse' })
  t.deepEqual(profile.inUse, { kind: 'wait' })
  t.deepEqual(profile.retry, { attempts: 5, baseMs: 60_000, capMs: 3_600_000 })
  const { disk, ...others } = profile.drift
  t.is(disk, 'report')
  t.deepEqual(new Set(Object.values(others)), new Set(['enforce']))
  t.is(profile.os, 'debian')
  t.is(desired.park.removalLimit, 0.1)
  const site = [...desired.sites.values()][0]
  t.deepEqual(site?.wake, { broadcast: '255.255.255.255', port: 9 })
  t.deepEqual(site?.capacity, {
    actions: 24,
    wakes: 4,
    images: 16,
    lanBitsPerSecond: 1e9,
    roomShare: 0.5,
  })
})

test('magic packets go to the broadcast address of the subnet', (t) => {
  const desired = compiled(
    smallPark({
      'hugo.yaml':
        'kind: Lycee\nname: hugo\nrole: poste\nnetwork: { subnet: 10.25.8.0/22, domain: hugo.fr }\nrooms: { r1: { machines: { a1: 52:54:00:00:00:01 } } }\n',
    }),
  )
  t.is([...desired.sites.values()][0]?.wake.broadcast, '10.25.11.255')
  t.is(machineOf(desired, 'hugo/a1').address, 'a1.hugo.fr')
})

test('a MAC address may be written in any of the usual ways', (t) => {
  for (const written of ['52-54-00-AB-CD-01', '5254.00ab.cd01', '525400ABCD01', '52:54:00:ab:cd:01']) {
    const desired = compiled(
      smallPark({
        'hugo.yaml': `kind: Lycee\nname: hugo\nrole: poste\nrooms: { r1: { machines: { a1: ${written} } } }\n`,
      }),
    )
    t.is(machineOf(desired, 'hugo/a1').mac as string, '52:54:00:ab:cd:01')
  }
})

test('labels of lycée, room and machine add up', (t) => {
  const desired = compiled(
    smallPark({
      'hugo.yaml':
        'kind: Lycee\nname: hugo\nrole: poste\nlabels: [z, a]\nrooms: { r1: { labels: [b], machines: { a1: { mac: 52:54:00:00:00:01, labels: [a, c] } } } }\n',
    }),
  )
  t.deepEqual(machineOf(desired, 'hugo/a1').labels, ['a', 'b', 'c', 'z'])
})

test('a script’s digest follows its body, interpreter, account and secrets, and nothing else', (t) => {
  const digest = (text: string): string | undefined =>
    [
      ...machineOf(
        compiled(smallPark({ 's.yaml': text, 'poste.yaml': 'kind: Role\nname: poste\nscripts: [s]\n' })),
        'hugo/a1',
      ).profile.scripts.values(),
    ][0]?.digest
  const base = 'kind: Script\nname: s\napply: echo 1\n'
  t.is(digest(base), digest(`${base}title: Other\ntimeout: 5m\n`))
  t.not(digest(base), digest(base.replace('echo 1', 'echo 2')))
  t.not(digest(base), digest(`${base}runAs: nobody\n`))
  t.not(digest(base), digest(`${base}interpreter: /bin/bash\n`))
})

test('a list of denials alone is kept as it is: all other times are open', (t) => {
  const desired = compiled(
    smallPark({
      'poste.yaml':
        'kind: Role\nname: poste\nwindows: [{ days: [mon-fri], from: "08:00", to: "18:00", deny: true }]\n',
    }),
  )
  const { windows } = machineOf(desired, 'hugo/a1').profile
  t.deepEqual(
    windows.map(({ deny, span }) => [deny, span.kind]),
    [[true, 'weekly']],
  )
})

test('machines come from a CSV file, of a room or of the whole lycée', (t) => {
  const desired = compiled(
    smallPark({
      'hugo.yaml':
        'kind: Lycee\nname: hugo\nrole: poste\nrooms: { r1: { machines: { csv: r1.csv } }, r2: {} }\nmachines: { csv: all.csv }\n',
      'r1.csv': '\uFEFFNom;Adresse MAC;Étiquettes\r\na1;52-54-00-00-00-01;prof fixe\r\n',
      'all.csv': 'name,room,mac,address\n"b1",r2,52:54:00:00:00:02,10.0.0.2\n\n',
    }),
  )
  t.deepEqual([...desired.machines.keys()] as string[], ['hugo/a1', 'hugo/b1'])
  t.deepEqual(machineOf(desired, 'hugo/a1').labels, ['fixe', 'prof'])
  t.deepEqual(machineOf(desired, 'hugo/b1').origin, { file: 'all.csv', line: 2, column: 1 })
  t.is(machineOf(desired, 'hugo/b1').room as string, 'hugo/r2')
})

test('a bomb of aliases is refused before it can grow', (t) => {
  const levels = Array.from(
    { length: 20 },
    (_, level) => `l${level}: &l${level} [${level === 0 ? 'x' : `*l${level - 1}, `.repeat(10)}]`,
  )
  const { diagnostics } = compile(
    smallPark({ 'bomb.yaml': `kind: Role\nname: bomb\n${levels.join('\n')}\n` }),
  )
  t.true(diagnostics.some(({ code }) => code === 'reference-not-supported'))
})

test('a hundred thousand brackets are refused, not recursed into', (t) => {
  t.deepEqual(codesOf(smallPark({ 'deep.yaml': '['.repeat(100_000) })), ['too-deep'])
})

test('names that every object has are names like others', (t) => {
  t.deepEqual(
    codesOf(smallPark({ 'poste.yaml': 'kind: Role\nname: poste\npackages: { constructor: present }\n' })),
    ['unknown-package'],
  )
  t.deepEqual(codesOf(smallPark({ 'poste.yaml': 'kind: Role\nname: poste\ntoString: 1\n' })), [
    'unknown-field',
  ])
})

test('one bad machine does not hide what is wrong with the others', (t) => {
  const codes = codesOf(
    smallPark({
      'hugo.yaml':
        'kind: Lycee\nname: hugo\nrole: postee\nrooms: { r1: { machines: { a1: zz, a2: 52:54:00:00:00:02, a3: 52:54:00:00:00:02 } } }\n',
    }),
  )
  t.deepEqual([...codes].sort(), ['bad-mac', 'duplicate-mac', 'unknown-role'])
})

test('an empty folder says that the park is missing', (t) => {
  const { diagnostics } = compile(filesOf({}))
  t.deepEqual(
    diagnostics.map(({ code, file, line, column }) => [code, file, line, column]),
    [['no-park', 'park.yaml', 1, 1]],
  )
})
