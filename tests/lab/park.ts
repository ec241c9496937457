import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { stringify } from 'yaml'
import type { Network } from './network.ts'
import type { Pc } from './pc.ts'

/** A YAML mapping as it is written into a spec file. */
export type SpecFields = { readonly [field: string]: unknown }

export type ParkOptions = {
  /** Fields of park.yaml besides kind, name and time zone. */
  readonly park?: SpecFields
  /** Fields of the lycée's file besides its name, network and machines: role, windows, packages … */
  readonly lycee?: SpecFields
  /** Fields of a room, by its name. */
  readonly rooms?: Readonly<Record<string, SpecFields>>
  /** Fields of a machine besides its MAC, address and host key, by its name. A field given as undefined is left out. */
  readonly machines?: Readonly<Record<string, SpecFields>>
  /** Machines that are no PCs of this lab, by room and name. */
  readonly others?: Readonly<Record<string, Readonly<Record<string, SpecFields>>>>
  /** Further files: path in the park → text as it is, or a mapping that is written as YAML. */
  readonly files?: Readonly<Record<string, string | SpecFields>>
}

type Parts = ParkOptions & {
  readonly folder: string
  readonly name: string
  readonly network: Network
  readonly pcs: readonly Pc[]
}

/** Writes the park that describes a lab. Called again, it replaces what it wrote and leaves other files alone. */
export async function writePark(parts: Parts): Promise<void> {
  const rooms: Record<string, SpecFields> = {}
  for (const room of new Set(parts.pcs.map((pc) => pc.room))) {
    const machines: Record<string, SpecFields> = {}
    for (const pc of parts.pcs.filter((candidate) => candidate.room === room))
      machines[pc.name] = defined({
        mac: pc.mac,
        address: pc.ip,
        hostKey: await pc.hostKeyFingerprint(),
        ...parts.machines?.[pc.name],
      })
    rooms[room] = { ...parts.rooms?.[room], machines: { ...machines, ...parts.others?.[room] } }
  }
  const files: Readonly<Record<string, string | SpecFields>> = {
    'park.yaml': { kind: 'Park', name: 'lab', timezone: 'Europe/Paris', ...parts.park },
    [`lycees/${parts.name}.yaml`]: {
      kind: 'Lycee',
      name: parts.name,
      network: { subnet: parts.network.subnet },
      ...parts.lycee,
      rooms,
    },
    ...parts.files,
  }
  for (const [path, content] of Object.entries(files)) {
    const at = join(parts.folder, path)
    await mkdir(dirname(at), { recursive: true })
    await writeFile(at, typeof content === 'string' ? content : yaml(defined(content)))
  }
}

/** A value that stands in two places is written twice: specs have no references. */
const yaml = (fields: SpecFields): string => stringify(fields, { aliasDuplicateObjects: false })

const defined = (fields: SpecFields): SpecFields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
