/** One desired state of two revisions: who may have the new one has it, the others keep what they are, and all are kept by the new rules. */
import { armor, Encrypter, generateIdentity, identityToRecipient } from 'age-encryption'
import test from 'ava'
import { secretVariable } from '../../providers/scripts/driver.ts'
import { changesContent, composite } from '../../specs/composite.ts'
import type { Desired, DesiredMachine } from '../../specs/desired.ts'
import type { MachineId } from '../../specs/ids.ts'
import { deserialize, serialize } from '../../specs/serialize.ts'
import { compiled, filesOf, machineOf } from './park.ts'

const lycee = (machines: readonly string[], more = ''): string =>
  [
    'kind: Lycee',
    'name: hugo',
    'role: poste',
    ...(more === '' ? [] : [more]),
    'rooms:',
    '  r1:',
    '    machines:',
    ...machines.map((name) => `      ${name}: 52:54:00:00:00:0${name.slice(1)}`),
    '',
  ].join('\n')

const role = (body: string): string => `kind: Role\nname: poste\n${body}`

const texts = {
  'park.yaml': 'kind: Park\nname: demo\n',
  'hugo.yaml': lycee(['a1', 'a2', 'a3']),
  'packages/geogebra.yaml': 'kind: Package\nname: geogebra\ndebian: { apt: geogebra }\n',
  'packages/blender.yaml': 'kind: Package\nname: blender\ndebian: { apt: blender }\n',
}

const parkOf = (more: Readonly<Record<string, string>>): Desired => compiled(filesOf({ ...texts, ...more }))

const before = parkOf({ 'poste.yaml': role('packages: { geogebra: present }\n') })
const after = parkOf({
  'poste.yaml': role('packages: { geogebra: present, blender: present }\n'),
  'hugo.yaml': lycee(
    ['a1', 'a2', 'a3'],
    'inUse: quiet\nwindows: [{ days: [mon-fri], from: "19:00", to: "06:00" }]',
  ),
})

const only =
  (...names: readonly string[]) =>
  (id: MachineId): boolean =>
    names.some((name) => id === `hugo/${name}`)

const packagesOf = ({ profile }: DesiredMachine): readonly string[] => [...profile.packages.keys()]

/** Stored and read again, it is the same: what a restart goes on with. */
const again = (desired: Desired): Desired => deserialize(serialize(desired))

test('who is admitted is what the new revision says, the others have the content of the one before', (t) => {
  const mixed = composite(before, after, only('a2'))
  t.deepEqual(packagesOf(machineOf(mixed, 'hugo/a1')), ['geogebra'])
  t.deepEqual(packagesOf(machineOf(mixed, 'hugo/a2')), ['blender', 'geogebra'])
  t.is(machineOf(mixed, 'hugo/a2').profile, machineOf(after, 'hugo/a2').profile)
  t.deepEqual(
    machineOf(mixed, 'hugo/a1').profile.facetDigests,
    machineOf(before, 'hugo/a1').profile.facetDigests,
    'what was applied there is still what is wanted',
  )
})

test('how we work comes from the new revision at once, wave or no wave', (t) => {
  const mixed = composite(before, after, only())
  for (const id of mixed.machines.keys()) {
    const [{ profile }, { profile: wanted }] = [machineOf(mixed, id), machineOf(after, id)]
    t.deepEqual(packagesOf(machineOf(mixed, id)), ['geogebra'])
    t.is(profile.inUse, wanted.inUse)
    t.is(profile.windows, wanted.windows)
    t.is(profile.windows.length, 1)
    t.is(profile.origins.get('inUse')?.file, 'hugo.yaml')
  }
  t.is(mixed.sites, after.sites)
})

test('a revision that changes only how we work is the same for everybody at once', (t) => {
  const stricter = parkOf({
    'poste.yaml': role('packages: { geogebra: present }\n'),
    'hugo.yaml': lycee(['a1', 'a2', 'a3'], 'drift: { packages: report }'),
  })
  t.is(composite(before, stricter, only()), stricter)
})

test('a machine that the revision before does not know has no content, and so has everybody without one before', (t) => {
  const larger = parkOf({
    'poste.yaml': role('packages: { geogebra: present }\n'),
    'hugo.yaml': lycee(['a1', 'a2', 'a3', 'a4']),
  })
  for (const [mixed, id] of [
    [composite(before, larger, only()), 'hugo/a4'],
    [composite(undefined, larger, only()), 'hugo/a1'],
  ] as const) {
    const { profile } = machineOf(mixed, id)
    t.is(profile.packages.size + profile.scripts.size, 0)
    t.is(profile.disk, undefined)
    t.false(profile.identity.hostname, 'not even its name is touched')
    t.is(profile.retry, machineOf(larger, id).profile.retry)
  }
  t.is(composite(before, larger, only('a4')), larger, 'nothing else changes')
})

test('a machine that the new revision does not have is in nobody’s care', (t) => {
  const smaller = parkOf({
    'poste.yaml': role('packages: { geogebra: present, blender: present }\n'),
    'hugo.yaml': lycee(['a1', 'a3']),
  })
  t.deepEqual([...composite(before, smaller, only()).machines.keys()], ['hugo/a1', 'hugo/a3'] as MachineId[])
})

test('with everybody admitted it is the new revision itself, digest and all', (t) => {
  t.is(
    composite(before, after, () => true),
    after,
  )
  t.is(composite(before, after, only('a1', 'a2', 'a3')).digest, after.digest)
  t.not(composite(before, after, only('a1', 'a2')).digest, after.digest)
  t.not(composite(before, after, only()).digest, before.digest, 'its rules are the new ones')
})

test('what it is does not depend on the order of machines, nor on who compiled and who read from a store', (t) => {
  const backwards = (desired: Desired): Desired => ({
    ...desired,
    machines: new Map([...desired.machines].reverse()),
  })
  const wanted = composite(before, after, only('a1', 'a3'))
  for (const base of [before, backwards(before), again(before)]) {
    const made = composite(base, again(after), only('a1', 'a3'))
    t.is(made.digest, wanted.digest)
    t.is(serialize(made), serialize(wanted))
  }
  t.deepEqual(again(wanted), wanted)
})

test('machines of one kind share one profile in it, as they did before', (t) => {
  const mixed = composite(again(before), after, only('a2'))
  t.is(machineOf(mixed, 'hugo/a1').profile, machineOf(mixed, 'hugo/a3').profile)
})

test('a newer revision goes on from a composite: nobody is moved backwards', (t) => {
  const first = composite(before, after, only('a2'))
  const newest = parkOf({ 'poste.yaml': role('packages: { geogebra: absent, blender: present }\n') })
  const second = composite(again(first), newest, only('a3'))
  t.deepEqual(packagesOf(machineOf(second, 'hugo/a1')), ['geogebra'])
  t.deepEqual(packagesOf(machineOf(second, 'hugo/a2')), ['blender', 'geogebra'], 'it keeps what it got first')
  t.is(machineOf(second, 'hugo/a3').profile, machineOf(newest, 'hugo/a3').profile)
  t.is(
    composite(second, newest, () => true),
    newest,
  )
})

test('a script keeps its terms with its machine, also where another machine has it under newer ones', (t) => {
  const script = (more: string): Readonly<Record<string, string>> => ({
    'scripts/s.yaml': `kind: Script\nname: s\napply: "true"\n${more}`,
  })
  const patient = parkOf({ ...script('timeout: 10m\n'), 'poste.yaml': role('scripts: [s]\n') })
  const hasty = parkOf({
    ...script('timeout: 1m\n'),
    'poste.yaml': role('scripts: [s]\npackages: { blender: present }\n'),
  })
  const mixed = again(composite(patient, hasty, only('a2')))
  const timeouts = [...mixed.machines.values()].map(
    ({ profile }) => [...profile.scripts.values()][0]?.timeoutMs,
  )
  t.deepEqual(timeouts, [600_000, 60_000, 600_000])
})

test('a secret whose contents change reaches only those who are admitted, and the others keep the old ones', async (t) => {
  const identity = await generateIdentity()
  const parkWith = async (text: string, more = ''): Promise<Desired> => {
    const encrypter = new Encrypter()
    encrypter.addRecipient(await identityToRecipient(identity))
    return parkOf({
      'w.yaml': 'kind: Secret\nname: wifi\nfile: wifi.age\n',
      'wifi.age': armor.encode(await encrypter.encrypt(text)),
      's.yaml': 'kind: Script\nname: s\napply: connect\nsecrets: [wifi]\n',
      'poste.yaml': role(`scripts: [s]\n${more}`),
    })
  }
  const secretOf = (desired: Desired, id: string) =>
    [...machineOf(desired, id).profile.scripts.values()].flatMap(({ secrets }) =>
      secrets.map((name) => desired.secrets.get(name)?.digest),
    )
  const [old, changed, newest] = [await parkWith('one'), await parkWith('two'), await parkWith('three')]
  const first = again(composite(old, changed, only('a2')))
  t.deepEqual(secretOf(first, 'hugo/a1'), secretOf(old, 'hugo/a1'))
  t.deepEqual(secretOf(first, 'hugo/a2'), secretOf(changed, 'hugo/a2'))
  t.notDeepEqual(secretOf(first, 'hugo/a1'), secretOf(first, 'hugo/a2'))
  const variables = [...first.machines.values()].flatMap(({ profile }) =>
    [...profile.scripts.values()].flatMap(({ secrets }) => secrets.map(secretVariable)),
  )
  t.deepEqual([...new Set(variables)], ['PROVISEUR_SECRET_WIFI'], 'the script finds either in the same place')

  const second = again(composite(first, newest, only('a3')))
  t.deepEqual(
    ['hugo/a1', 'hugo/a2', 'hugo/a3'].map((id) => secretOf(second, id)),
    [secretOf(old, 'hugo/a1'), secretOf(changed, 'hugo/a2'), secretOf(newest, 'hugo/a3')],
  )
  const reverted = composite(second, old, only())
  t.deepEqual(secretOf(reverted, 'hugo/a1'), secretOf(old, 'hugo/a1'))
  t.deepEqual(machineOf(reverted, 'hugo/a1').profile, machineOf(old, 'hugo/a1').profile)
  t.deepEqual(
    [...composite(old, after, only()).secrets.values()],
    [...old.secrets.values()],
    'it is kept as long as somebody may need it, though the new revision has none',
  )
})

test('what makes a difference on a PC is a change, what does not is none', (t) => {
  const a1 = machineOf(before, 'hugo/a1')
  t.true(changesContent(a1, machineOf(after, 'hugo/a1')))
  t.true(changesContent(undefined, a1))
  t.false(changesContent(a1, machineOf(again(before), 'hugo/a1')))
  const elsewhere = parkOf({
    'poste.yaml': role('# moved\npackages: { geogebra: present }\n'),
    'hugo.yaml': lycee(['a1'], 'retry: { attempts: 2 }'),
  })
  t.false(changesContent(a1, machineOf(elsewhere, 'hugo/a1')))
})
