/**
 * The PC's boot menu, as GRUB's configuration in the cache partition. Pure: everything comes in.
 *
 * The one rule that matters: without `/boot/ready` no system is offered, only the imager, which goes on where the power was cut.
 */
import type { Manifest, ManifestPartition } from '../../imaging/manifest.ts'
import type { BootMenu, Layout, LayoutPartition } from '../../imaging/protocol.ts'
import { type Locale, say, type Text } from '../../specs/text.ts'
import { cacheLabel } from './layout-plan.ts'

export type MenuRequest = {
  readonly layout: Layout
  readonly manifest: Manifest
  readonly boot: BootMenu
  readonly atBoot: boolean
  readonly locale: Locale
  /** Words of the imager's kernel command line, without the mode. */
  readonly imagerArguments: readonly string[]
  /** A BIOS's text screen has no accents. */
  readonly asciiOnly: boolean
  /** The serial console that the PC was started with (`console=ttyS0,115200`). */
  readonly serial?: { readonly unit: number; readonly speed: number }
}

/** GRUB finds us by the cache's label, wherever the disk is in its order. On the ESP, and built into the BIOS core image. */
export const finderConfig = `search --no-floppy --label ${cacheLabel} --set=root
set prefix=($root)/boot
configfile /boot/grub.cfg
`

/** GRUB's manual, “GRUB environment block”: 1024 bytes, filled with `#`; it overwrites them in place. */
export const environmentBlock = (variables: Readonly<Record<string, string>>): string =>
  `# GRUB Environment Block\n${Object.entries(variables)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')}`.padEnd(1024, '#')

export function menuConfig(request: MenuRequest): string {
  const systems = request.layout.partitions.filter(
    ({ os, content }) => os !== undefined && content === 'image',
  )
  const wanted = systems.find(({ name }) => name === request.boot.default) ?? systems[0]
  return [
    '# Written by the imager at each restore and reset; changes are lost. The spec says what is here.',
    ...serialLines(request.serial),
    'if [ ! -f /boot/ready ]; then',
    ...indent(['set timeout=0', 'set default=resume', ...resumeEntry(request)]),
    'else',
    ...indent([
      ...defaultLines(request, wanted?.name),
      ...systems.flatMap((system) => systemEntry(request, system)),
      ...(request.boot.resetEntries ? systems.flatMap((system) => resetEntry(request, system)) : []),
      ...(request.atBoot ? atBootEntry(request) : []),
    ]),
    'fi',
    '',
  ].join('\n')
}

const serialLines = (serial: MenuRequest['serial']): readonly string[] =>
  serial === undefined
    ? []
    : [
        `serial --unit=${serial.unit} --speed=${serial.speed}`,
        'terminal_input serial console',
        'terminal_output serial console',
      ]

/**
 * With the policy at-boot the imager comes first, unless it has just been: it leaves `fresh=1`, which counts once. The menu is then not
 * shown before the imager has run, so that nobody gets past it.
 */
function defaultLines({ boot, atBoot }: MenuRequest, system: string | undefined): readonly string[] {
  const shown = [
    'set timeout_style=menu',
    `set timeout=${Math.ceil(boot.timeoutMs / 1000)}`,
    `set default=os-${system ?? ''}`,
  ]
  return atBoot
    ? [
        'set fresh=0',
        'load_env -f /boot/grubenv fresh',
        'if [ "$fresh" = 1 ]; then',
        ...indent(['set fresh=0', 'save_env -f /boot/grubenv fresh', ...shown]),
        'else',
        ...indent(['set timeout=0', 'set default=at-boot']),
        'fi',
      ]
    : shown
}

function systemEntry(request: MenuRequest, system: LayoutPartition): readonly string[] {
  const image = request.manifest.partitions.find(({ name }) => name === system.name)
  const start = system.os === 'windows' ? windowsLines(request.manifest, image) : debianLines(image)
  return entry(`os-${system.name}`, titleOf(request, system), start)
}

/** The system's own menu: which kernel it starts is its own business. */
const debianLines = (image: ManifestPartition | undefined): readonly string[] => [
  ...searchFor(image, '/boot/grub/grub.cfg'),
  'set prefix=($root)/boot/grub',
  'configfile /boot/grub/grub.cfg',
]

function windowsLines(manifest: Manifest, image: ManifestPartition | undefined): readonly string[] {
  const loader = '/EFI/Microsoft/Boot/bootmgfw.efi'
  const esp = manifest.partitions.find(({ fileSystem }) => fileSystem.kind === 'vfat')
  return [
    'if [ "$grub_platform" = efi ]; then',
    ...indent([...searchFor(esp, loader), `chainloader ${loader}`]),
    'else',
    ...indent([
      ...searchFor(image, '/bootmgr'),
      // Windows' setup puts it into a partition of its own where it can.
      'if [ ! -f /bootmgr ]; then search --no-floppy --file /bootmgr --set=root; fi',
      'ntldr /bootmgr',
    ]),
    'fi',
  ]
}

const searchFor = (partition: ManifestPartition | undefined, file: string): readonly string[] => [
  partition?.fileSystem.uuid === undefined
    ? `search --no-floppy --file ${file} --set=root`
    : `search --no-floppy --fs-uuid ${partition.fileSystem.uuid} --set=root`,
]

const resetEntry = (request: MenuRequest, system: LayoutPartition): readonly string[] => {
  const title = titleOf(request, system)
  return entry(
    `reset-${system.name}`,
    plain(request, say(`Reset ${title}`, `Remettre ${title} en état`)),
    imagerLines(request, 'reset', [`proviseur.only=${system.name}`]),
  )
}

const atBootEntry = (request: MenuRequest): readonly string[] =>
  entry(
    'at-boot',
    plain(request, say('Check this PC and start it', 'Contrôler ce poste et le démarrer')),
    imagerLines(request, 'at-boot'),
  )

const resumeEntry = (request: MenuRequest): readonly string[] =>
  entry(
    'resume',
    plain(request, say('Go on restoring this PC', 'Poursuivre la remise en état de ce poste')),
    imagerLines(request, 'resume'),
  )

const imagerLines = (request: MenuRequest, mode: string, more: readonly string[] = []): readonly string[] => [
  `search --no-floppy --label ${cacheLabel} --set=root`,
  `linux /boot/imager/vmlinuz ${[...request.imagerArguments, `proviseur.mode=${mode}`, ...more].map(quoted).join(' ')}`,
  'initrd /boot/imager/initrd',
]

const entry = (id: string, title: string, lines: readonly string[]): readonly string[] => [
  `menuentry ${quoted(title)} --id ${id} {`,
  ...indent(lines),
  '}',
]

const titleOf = (request: MenuRequest, { title, os, name }: LayoutPartition): string => {
  const plainName = title ?? (os === 'windows' ? 'Windows' : os === 'debian' ? 'Debian' : name)
  return plain(request, say(plainName, plainName))
}

const plain = ({ locale, asciiOnly }: MenuRequest, text: Text): string => {
  const clean = text[locale].replaceAll(/\p{Cc}/gu, ' ')
  return asciiOnly
    ? clean
        .normalize('NFD')
        .replaceAll(/\p{M}/gu, '')
        .replaceAll(/[^\x20-\x7e]/g, ' ')
    : clean
}

/** GRUB's shell quotes like a POSIX shell. Words of letters, digits and plain punctuation stay bare, to be read easily. */
const quoted = (word: string): string =>
  /^[\w.,:/=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`

const indent = (lines: readonly string[]): readonly string[] => lines.map((line) => `  ${line}`)
