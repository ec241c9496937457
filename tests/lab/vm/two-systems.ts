/** A classroom's disk with two systems, as its image is made of it and as its spec describes it. */
import { join } from 'node:path'
import type { EqualWork } from '../../../imaging/protocol.ts'
import { workFor } from '../../../providers/imaging/work.ts'
import { compile } from '../../../specs/compile.ts'
import {
  blank,
  copyInto,
  espBytes,
  makeEsp,
  makeRoot,
  rootBytes,
  startOf,
  writeTable,
} from '../../imager/agent/golden-disk.ts'
import { mebibyte } from '../../imager/agent/run.ts'
import type { ImageSource } from './disk-site.ts'

export const SYSTEMS = ['debian', 'atelier'] as const
const PAYLOAD = 4 * mebibyte
const LINUX = '0FC63DAF-8483-4772-8E79-3D69D8477DE4'

const park: Readonly<Record<string, string>> = {
  'park.yaml': 'kind: Park\nname: lab\ntimezone: Europe/Paris\nlocale: en\n',
  'roles/salle.yaml': `kind: Role
name: salle
image: deux-systemes@1
boot: { default: atelier, timeout: 10s }
reset: { policy: on-demand, keep: [/home/partage] }
`,
  'images/deux-systemes.yaml': `kind: Image
name: deux-systemes
os: debian
versions: { "1": {} }
disk:
  table: gpt
  partitions:
    - { name: bios, type: bios, size: 1MiB, content: empty }
    - { name: esp, type: esp, size: 40MiB, content: image }
    - { name: debian, type: linux, size: 64MiB, content: image, os: debian, title: Bureautique }
    - { name: atelier, type: linux, size: 64MiB, content: image, os: debian, title: Atelier vidéo }
    - { name: cache, type: linux, size: 256MiB, content: cache }
    - { name: data, type: linux, size: rest, content: keep }
`,
  'lycees/victor-hugo.yaml': `kind: Lycee
name: victor-hugo
role: salle
network: { subnet: 10.214.0.0/24 }
server: { address: 10.214.0.1 }
rooms:
  b204:
    machines:
      b204-01: "52:54:00:d6:00:01"
`,
}

/** What the spec wants of the PC `b204-01`, and the order that comes of it once the image is there. */
export function specOfTwoSystems(): {
  readonly layout: EqualWork['layout']
  readonly restore: (
    manifest: string,
    imager: EqualWork['imager'],
  ) => EqualWork & { readonly kind: 'restore' | 'reset' }
} {
  const encoder = new TextEncoder()
  const { desired, diagnostics } = compile(
    new Map(Object.entries(park).map(([path, text]) => [path, encoder.encode(text)])),
  )
  const machine = [...(desired?.machines.values() ?? [])][0]
  const disk = machine?.profile.disk
  if (machine === undefined || disk === undefined) throw new Error(JSON.stringify(diagnostics))
  return {
    layout: disk.layout,
    restore: (manifest, imager) => {
      const work = workFor(
        {
          facet: 'disk',
          item: 'image',
          operation: 'restore',
          from: null,
          to: manifest,
          image: 'deux-systemes@1',
          layout: disk.layoutDigest,
          settings: disk.settingsDigest,
          wipes: [],
          effect: 'destructive',
        },
        machine,
        [],
        imager,
      )
      if (work?.kind !== 'restore') throw new Error('no order comes of the spec')
      return work
    },
  }
}

/** The disk that was prepared: an ESP, and two systems that share nothing but their kind. */
export async function makeTwoSystems(folder: string): Promise<ImageSource> {
  const disk = await blank(join(folder, 'two-systems.img'), 144 * mebibyte)
  const starts = { esp: mebibyte, debian: mebibyte + espBytes, atelier: mebibyte + espBytes + rootBytes }
  await writeTable(
    disk,
    `label: gpt
start=${starts.esp / 512}, size=${espBytes / 512}, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, name=esp
start=${starts.debian / 512}, size=${rootBytes / 512}, type=${LINUX}, name=debian
start=${starts.atelier / 512}, size=${rootBytes / 512}, type=${LINUX}, name=atelier
`,
  )
  await copyInto(disk, await makeEsp(folder, 'v1'), starts.esp)
  for (const name of SYSTEMS) {
    const files = { 'etc/version': `${name}\n`, 'boot/grub/grub.cfg': startOf(name) }
    await copyInto(disk, await makeRoot(folder, name, files, PAYLOAD), starts[name])
  }
  return { disk, layout: specOfTwoSystems().layout }
}
