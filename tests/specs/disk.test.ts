import test from 'ava'
import type { Profile, WantedDisk } from '../../specs/desired.ts'
import { deserialize, serialize } from '../../specs/serialize.ts'
import { codesOf, compiled, machineOf, smallPark } from './park.ts'

const digest = `sha256:${'ab'.repeat(32)}`

const image = (more = '', partitions = ''): string => `kind: Image
name: edu
os: debian
versions: { "2026.09": { digest: "${digest}" }, "2027.01": {} }
disk:
  table: gpt
${more}  partitions:
    - { name: grub, type: bios, size: 1MiB, content: image }
    - { name: esp, type: esp, size: 256MiB, content: image }
    - { name: root, type: linux, size: 30GiB, content: image }
${partitions}    - { name: cache, type: linux, size: 20GiB, content: cache }
    - { name: data, type: linux, size: rest, content: keep }
`
const hugo = `kind: Lycee
name: hugo
network: { subnet: 10.25.11.0/24 }
server: { address: 10.25.11.2 }
role: poste
rooms: { r1: { machines: { a1: 52:54:00:00:00:01 } } }
`
const parkOf = (role: string, files: Readonly<Record<string, string>> = {}) =>
  smallPark({
    'edu.yaml': image(),
    'hugo.yaml': hugo,
    'poste.yaml': `kind: Role\nname: poste\nimage: edu@2026.09\n${role}`,
    ...files,
  })

const profileOf = (...given: Parameters<typeof parkOf>): Profile =>
  machineOf(compiled(parkOf(...given)), 'hugo/a1').profile

function diskOf(...given: Parameters<typeof parkOf>): WantedDisk {
  const { disk } = profileOf(...given)
  if (disk === undefined) throw new Error('no disk')
  return disk
}

test('a machine with an image wants its layout, its menu and its manifest by the bare digest', (t) => {
  t.like(diskOf(''), {
    name: 'edu',
    version: '2026.09',
    manifest: 'ab'.repeat(32),
    boot: { default: 'root', timeoutMs: 5000, resetEntries: true },
    layout: { table: 'gpt' },
  })
  t.deepEqual(diskOf('').layout.partitions[2], {
    name: 'root',
    type: 'linux',
    sizeBytes: 30 * 2 ** 30,
    content: 'image',
    os: 'debian',
  })
  t.is(diskOf('').layout.partitions[4]?.sizeBytes, 'rest')
  t.deepEqual(profileOf('').reset, { policy: 'on-demand', keep: [], by: [] })
  t.is(machineOf(compiled(smallPark()), 'hugo/a1').profile.disk, undefined)
})

test('a version without a digest has no manifest', (t) => {
  const files = parkOf('', { 'poste.yaml': 'kind: Role\nname: poste\nimage: edu@2027.01\n' })
  const { disk } = machineOf(compiled(files), 'hugo/a1').profile
  t.false(disk !== undefined && 'manifest' in disk)
  t.deepEqual(codesOf(files), ['image-version-without-digest'])
})

test('the boot menu layers like any other setting', (t) => {
  const files = {
    'park.yaml': 'kind: Park\nname: demo\ndefaults: { boot: { timeout: 30s, reset: false } }\n',
    'hugo.yaml': hugo.replace(
      'a1: 52:54:00:00:00:01',
      'a1: { mac: 52:54:00:00:00:01, boot: { timeout: 1s } }',
    ),
  }
  t.deepEqual(diskOf('', files).boot, { default: 'root', timeoutMs: 1000, resetEntries: false })
})

test('with several systems each partition says which, and the menu may start any of them', (t) => {
  const partitions =
    '    - { name: win, type: windows, size: 60GiB, content: image, os: windows, title: Windows 11 }\n'
  const edu = image('', partitions).replace('30GiB, content: image', '30GiB, content: image, os: debian')
  const disk = diskOf('boot: { default: win }\n', { 'edu.yaml': edu })
  t.is(disk.boot.default, 'win')
  t.deepEqual(
    disk.layout.partitions.flatMap(({ name, os, title }) => (os === undefined ? [] : [[name, os, title]])),
    [
      ['root', 'debian', undefined],
      ['win', 'windows', 'Windows 11'],
    ],
  )
})

const same = diskOf('')

test('the layout’s digest is that of what lies on the disk, the settings’ of what is installed around it', (t) => {
  const both = (disk: WantedDisk): readonly boolean[] => [
    disk.layoutDigest === same.layoutDigest,
    disk.settingsDigest === same.settingsDigest,
  ]
  t.deepEqual(both(diskOf('boot: { timeout: 9s }\n')), [true, false])
  t.deepEqual(both(diskOf('reset: { policy: nightly }\n')), [true, false])
  t.deepEqual(both(diskOf('reset: { keep: [/srv] }\n')), [true, false])
  t.deepEqual(both(diskOf('reset: { by: [teacher] }\n')), [true, true])
  t.deepEqual(both(diskOf('inUse: quiet\n')), [true, true])
  const titled = image().replace('30GiB, content: image', '30GiB, content: image, title: Debian')
  t.deepEqual(both(diskOf('', { 'edu.yaml': titled })), [true, false])
  const wider = image().replace('30GiB', '31GiB')
  t.deepEqual(both(diskOf('', { 'edu.yaml': wider })), [false, true])
  t.deepEqual(both(diskOf('', { 'edu.yaml': image('  disk: nvme0n1\n') })), [false, true])
})

test('whatever changes in the disk makes another profile', (t) => {
  const before = profileOf('')
  const others = [
    profileOf('boot: { timeout: 9s }\n'),
    profileOf('reset: { policy: at-boot }\n'),
    profileOf('', { 'edu.yaml': image().replace('30GiB', '31GiB') }),
    profileOf('', { 'edu.yaml': image().replace('abab', 'cdcd') }),
  ]
  for (const other of others) {
    t.not(other.digest, before.digest)
    t.not(other.facetDigests.disk, before.facetDigests.disk)
  }
})

test('a lycée’s server has its defaults, and what it says itself', (t) => {
  const serverOf = (written: string) =>
    compiled(parkOf('', { 'hugo.yaml': hugo.replace('server: { address: 10.25.11.2 }', written) }))
      .sites.values()
      .next().value?.server
  t.deepEqual(serverOf('server: { address: 10.25.11.2 }'), {
    address: '10.25.11.2',
    port: 8069,
    netboot: 'proxy',
  })
  const full =
    'server: { address: 10.25.11.2, port: 80, netboot: dhcp, range: { from: 10.25.11.50, to: 10.25.11.99 }, router: 10.25.11.1, dns: [9.9.9.9] }'
  t.deepEqual(serverOf(full), {
    address: '10.25.11.2',
    port: 80,
    netboot: 'dhcp',
    range: { from: '10.25.11.50', to: '10.25.11.99' },
    router: '10.25.11.1',
    dns: ['9.9.9.9'],
  })
})

test('disks and servers survive the store', (t) => {
  const desired = compiled(parkOf('reset: { policy: at-boot, keep: [/srv] }\nboot: { timeout: 9s }\n'))
  t.deepEqual(deserialize(serialize(desired)), desired)
})

test('explain can tell where image, menu and reset were written', (t) => {
  const { origins } = profileOf('reset: { policy: at-boot, keep: [/srv] }\nboot: { timeout: 9s }\n')
  const places = ['image', 'reset.policy', 'reset.keep', 'boot.timeout', 'layout'].map((path) => {
    const origin = origins.get(path)
    return [origin?.file, origin?.line, origin?.layer]
  })
  const role = { kind: 'role', name: 'poste' }
  t.deepEqual(places, [
    ['poste.yaml', 3, role],
    ['poste.yaml', 4, role],
    ['poste.yaml', 4, role],
    ['poste.yaml', 5, role],
    ['edu.yaml', 5, { kind: 'image', name: 'edu' }],
  ])
})
