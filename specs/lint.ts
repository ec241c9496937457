import type { Compilation } from './compilation.ts'
import type { DesiredMachine } from './desired.ts'
import type { MachineId, RoomId } from './ids.ts'
import { kindNames } from './schema/kinds.ts'
import { placeAt, placeOfKey } from './source-path.ts'
import { say } from './text.ts'

/** What is allowed but probably not meant. Only for parks without errors: an error elsewhere would explain most of it. */
export function lint(compilation: Compilation, machines: ReadonlyMap<MachineId, DesiredMachine>): void {
  warnUnused(compilation)
  warnRoleless(compilation, machines)
  warnWindows(compilation, machines)
  warnServerless(compilation, machines)
  warnBootless(compilation)
}

const unusedCodes = {
  Role: 'unused-role',
  Package: 'unused-package',
  Script: 'unused-script',
  Calendar: 'unused-calendar',
  Image: 'unused-image',
  Secret: 'unused-secret',
} as const

function warnUnused({ catalog, findings }: Compilation): void {
  for (const kind of ['Role', 'Package', 'Script', 'Calendar', 'Image', 'Secret'] as const) {
    for (const spec of catalog.all(kind)) {
      if (catalog.isUsed(spec)) continue
      const { en, fr } = kindNames[kind]
      findings.warning(
        placeAt(spec.document, ['name']),
        unusedCodes[kind],
        say(
          `Nothing uses this ${en} “${spec.spec.name}”.`,
          `Rien n’utilise ce document « ${spec.spec.name} » (${fr}).`,
        ),
      )
    }
  }
}

/** Once a room, at its first machine: a room that was forgotten is thirty machines. */
function warnRoleless(
  { catalog, findings }: Compilation,
  machines: ReadonlyMap<MachineId, DesiredMachine>,
): void {
  const counts = new Map<RoomId, { readonly first: DesiredMachine; readonly count: number }>()
  for (const machine of machines.values()) {
    if (machine.profile.roles.length > 0) continue
    const before = counts.get(machine.room)
    counts.set(machine.room, { first: before?.first ?? machine, count: (before?.count ?? 0) + 1 })
  }
  for (const { first, count } of counts.values()) {
    const lycee = catalog.get('Lycee', first.site)
    if (!lycee) continue
    findings.warning(
      placeOfKey(lycee.document, ['rooms', first.room.slice(first.site.length + 1)]),
      'machine-without-role',
      say(
        count === 1
          ? `Machine ${first.name} has no role.`
          : `${count} machines of this room have no role, for example ${first.name}.`,
        count === 1
          ? `La machine ${first.name} n’a pas de rôle.`
          : `${count} machines de cette salle n’ont pas de rôle, par exemple ${first.name}.`,
      ),
    )
  }
}

/** Once for each place that makes machines Windows machines. */
function warnWindows(
  { catalog, findings }: Compilation,
  machines: ReadonlyMap<MachineId, DesiredMachine>,
): void {
  for (const profile of new Set([...machines.values()].map((machine) => machine.profile))) {
    const origin = profile.origins.get('os') ?? profile.origins.get('image')
    if (profile.os !== 'windows' || !origin) continue
    findings.warning(
      catalog.placeAt(origin),
      'windows-not-managed-yet',
      profile.disk === undefined
        ? say(
            'Windows PCs are checked and planned, but this version of Proviseur does not manage them yet.',
            'Les postes Windows sont vérifiés et planifiés, mais cette version de Proviseur ne les gère pas encore.',
          )
        : say(
            'Of Windows PCs this version of Proviseur manages the disk only: packages and scripts are checked and planned.',
            'Des postes Windows, cette version de Proviseur ne gère que le disque : paquets et scripts sont vérifiés et planifiés.',
          ),
    )
  }
}

/** Once a lycée. */
function warnServerless(
  { catalog, findings }: Compilation,
  machines: ReadonlyMap<MachineId, DesiredMachine>,
): void {
  const imaged = [...machines.values()].filter(({ profile }) => profile.disk !== undefined)
  for (const site of new Set(imaged.map((machine) => machine.site))) {
    const lycee = catalog.get('Lycee', site)
    if (!lycee || lycee.spec.server !== undefined) continue
    findings.warning(
      placeAt(lycee.document, ['name']),
      'image-without-server',
      say(
        'Machines here have an image, but the lycée has no `server` that could serve it: their disks are not managed.',
        'Des machines ont ici une image, mais le lycée n’a pas de `server` pour la fournir : leurs disques ne sont pas gérés.',
      ),
    )
  }
}

/** An MBR disk starts from the gap before its first partition. */
function warnBootless({ catalog, findings }: Compilation): void {
  for (const image of catalog.all('Image')) {
    const { table, partitions } = image.spec.disk
    const starts = partitions.some(({ type }) => type === 'bios' || type === 'esp')
    if (table !== 'gpt' || starts || !catalog.isUsed(image)) continue
    findings.warning(
      placeAt(image.document, ['disk', 'partitions']),
      'image-without-boot-partition',
      say(
        'No PC starts from this disk: with UEFI it needs a partition of type `esp`, with BIOS one of type `bios` (1 MiB).',
        'Aucun poste ne démarrera depuis ce disque : en UEFI il faut une partition de type `esp`, en BIOS une de type `bios` (1 Mio).',
      ),
    )
  }
}
