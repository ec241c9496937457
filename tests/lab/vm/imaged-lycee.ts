/**
 * A lycée of whole PCs whose disks Proviseur manages: its park, its image store with the lab's Debian, its boot files, and `up` as the
 * site server on the wire.
 *
 * ```ts
 * await using network = await layVmNetwork()
 * await using lycee = await openImagedLycee(network, { machines: { 'b204-07': { index: 7 } } })
 * const pc = await createVm(network, { name: 'b204-07', index: 7, firmware: 'bios', disks: [{ sizeBytes: 3 * GIB }] })
 * const up = lycee.up()
 * await up.reaches('b204-07', isConverged, 600_000)
 * ```
 */
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ensureKeyPair } from '../../../cli/management-files.ts'
import { ensureSigningKey } from '../../../cli/signing-keys.ts'
import { makeStateFolder } from '../../../cli/state.ts'
import { proviseur, type Ran } from '../../cli/command.ts'
import { startUp, type Up } from '../running-up.ts'
import { makeBootFiles } from './boot-files.ts'
import { debianImages } from './debian-image.ts'
import type { VmNetwork } from './vm-network.ts'

export type ImagedLyceeOptions = {
  /** By name; `index` is the number of its cable. */
  readonly machines: Readonly<Record<string, { readonly index: number }>>
  readonly netboot?: 'dhcp' | 'proxy'
  /** Lines of the role, in YAML. */
  readonly role?: string
  /** In the place of esp, root, cache and data. */
  readonly partitions?: readonly string[]
  /** Raw disks that are imported as versions of `debian-lab`; in the place of the lab's Debian as `1` and `2`. */
  readonly images?: Readonly<Record<string, string>>
  readonly files?: Readonly<Record<string, string>>
}

export type ImagedLycee = {
  readonly park: string
  readonly state: string
  /** By image version: `sha256:…`. */
  readonly digests: Readonly<Record<string, string>>
  /** Writes other lines of the role; `image` is the version that the role takes. */
  readonly change: (role: string) => Promise<void>
  /** Starts `proviseur up` as the site server; all that still run are killed at the end. */
  readonly up: (...args: readonly string[]) => Up
  readonly run: (...args: readonly string[]) => Promise<Ran>
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

const PORT = 8069

export const LAB_PARTITIONS = [
  '{ name: bios, type: bios, size: 1MiB, content: image }',
  '{ name: esp, type: esp, size: 40MiB, content: image }',
  '{ name: root, type: linux, size: 700MiB, content: image }',
  '{ name: cache, type: linux, size: 900MiB, content: cache }',
  '{ name: data, type: linux, size: rest, content: keep }',
]

export async function openImagedLycee(network: VmNetwork, options: ImagedLyceeOptions): Promise<ImagedLycee> {
  const park = join(network.folder, 'park')
  const state = join(network.folder, 'state')
  const started: Up[] = []
  const run = (...args: readonly string[]): Promise<Ran> =>
    proviseur([...args, '--lang', 'en'], { env: { PROVISEUR_PARK: park, PROVISEUR_STATE: state } })
  const write = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(park, path)), { recursive: true })
    await writeFile(join(park, path), text)
  }
  const writeImage = (versions: string): Promise<void> =>
    write('images/debian-lab.yaml', imageSpec(versions, options.partitions ?? LAB_PARTITIONS))
  const writeRole = (role: string): Promise<void> =>
    write('roles/salle.yaml', `kind: Role\nname: salle\n${role}`)

  await write('park.yaml', 'kind: Park\nname: lab\ntimezone: Europe/Paris\nlocale: en\n')
  await write('lycees/victor-hugo.yaml', lyceeSpec(network, options))
  await writeRole(options.role ?? 'image: debian-lab@1\n')
  for (const [path, text] of Object.entries(options.files ?? {})) await write(path, text)
  const images = options.images ?? (await labImages())
  await writeImage(
    Object.keys(images)
      .map((version) => `  "${version}": {}\n`)
      .join(''),
  )

  await makeStateFolder(state)
  await ensureKeyPair(state)
  const digests: Record<string, string> = {}
  for (const [version, file] of Object.entries(images)) {
    const ran = await run('image', 'import', `debian-lab@${version}`, file, '--json')
    if (ran.code !== 0) throw new Error(`the image was not imported\n${ran.stdout}${ran.stderr}`)
    digests[version] = JSON.parse(ran.stdout).digest
  }
  await writeImage(
    Object.entries(digests)
      .map(([version, digest]) => `  "${version}": { digest: "${digest}" }\n`)
      .join(''),
  )
  const keys = { park: await publicKey(state, 'image-signing'), site: await publicKey(state, 'site-signing') }
  await makeBootFiles({ out: join(state, 'boot'), keys })

  return {
    park,
    state,
    digests,
    change: writeRole,
    up: (...args) => {
      const up = startUp(
        [park, '--state', state, '--interval', '10s', ...args],
        (program, how) => network.spawn(program, how),
        { PROVISEUR_KERNEL_OPTIONS: 'console=ttyS0 quiet' },
      )
      started.push(up)
      return up
    },
    run,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(started.map((up) => up.kill()))
      await rm(park, { recursive: true, force: true })
    },
  }
}

const labImages = async (): Promise<Readonly<Record<string, string>>> => {
  const { v1, v2 } = await debianImages()
  return { '1': v1.file, '2': v2.file }
}

const publicKey = async (state: string, name: Parameters<typeof ensureSigningKey>[1]): Promise<string> => {
  const key = await ensureSigningKey(state, name)
  if (!key.ok) throw new Error(key.reason.message.en)
  return key.value.publicKeyPem
}

const imageSpec = (versions: string, partitions: readonly string[]): string =>
  [
    'kind: Image',
    'name: debian-lab',
    'os: debian',
    `versions:\n${versions.trimEnd()}`,
    'disk:',
    '  table: gpt',
    '  partitions:',
    ...partitions.map((partition) => `    - ${partition}`),
    '',
  ].join('\n')

const lyceeSpec = (network: VmNetwork, { machines, netboot = 'dhcp' }: ImagedLyceeOptions): string => {
  const prefix = network.subnet.replace(/\d+\/\d+$/, '')
  const range = netboot === 'dhcp' ? `, range: { from: ${prefix}100, to: ${prefix}140 }` : ''
  return [
    'kind: Lycee',
    'name: victor-hugo',
    'role: salle',
    `network: { subnet: ${network.subnet} }`,
    `server: { address: ${network.serverAddress}, port: ${PORT}, netboot: ${netboot}${range} }`,
    'rooms:',
    '  b204:',
    '    machines:',
    ...Object.entries(machines).map(([name, { index }]) => {
      // Beside a DHCP server that we may not change, the PC has the address that this one gives it.
      const address = netboot === 'dhcp' ? `, address: ${network.pcAddress(index)}` : ''
      return `      ${name}: { mac: "${network.pcMac(index)}"${address} }`
    }),
    '',
  ].join('\n')
}
