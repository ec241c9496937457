import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Locale, say, type Text } from '../../specs/text.ts'

/** Program → Debian package that has it. */
const PROGRAMS: Readonly<Record<string, string>> = {
  mmdebstrap: 'mmdebstrap',
  'dpkg-deb': 'dpkg',
  'apt-get': 'apt',
  ip: 'iproute2',
  ss: 'iproute2',
  unshare: 'util-linux',
  nsenter: 'util-linux',
  pivot_root: 'util-linux',
  setpriv: 'util-linux',
  mount: 'mount',
  flock: 'util-linux',
}

/** Why no lab can be made on this machine; undefined: nothing stands against it. */
export function missingForLab(): Text | undefined {
  if (process.getuid?.() !== 0)
    return say(
      'The lab makes namespaces and mounts file systems: it needs root. Run it again with sudo.',
      'Le laboratoire crée des espaces de noms et monte des systèmes de fichiers : il lui faut root. Relancez avec sudo.',
    )
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin']
  const absent = Object.entries(PROGRAMS).filter(
    ([program]) => !folders.some((folder) => existsSync(join(folder, program))),
  )
  if (absent.length === 0) return undefined
  const programs = absent.map(([program]) => program).join(', ')
  const packages = [...new Set(absent.map(([, name]) => name))].join(' ')
  return say(
    `The lab needs programs that this machine lacks: ${programs}. On Debian or Ubuntu: apt-get install ${packages}`,
    `Il manque au laboratoire des programmes sur cette machine : ${programs}. Sous Debian ou Ubuntu : apt-get install ${packages}`,
  )
}

/** The lab cannot be made here, for a reason that a person can remove. */
export class LabUnavailable extends Error {
  readonly text: Text

  constructor(text: Text) {
    super(text.en)
    this.name = 'LabUnavailable'
    this.text = text
  }

  in(locale: Locale): string {
    return this.text[locale]
  }
}
