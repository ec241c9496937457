import { compile } from '../../specs/compile.ts'
import type { Desired, DesiredMachine } from '../../specs/desired.ts'
import type { ParkFiles } from '../../specs/files.ts'
import type { MachineId } from '../../specs/ids.ts'

/** Files from texts. */
export const filesOf = (texts: Readonly<Record<string, string>>): ParkFiles =>
  new Map(Object.entries(texts).map(([path, text]) => [path, new TextEncoder().encode(text)]))

/** A park of one lycée `hugo` with one machine `a1` in room `r1`, and whatever else is given. */
export const smallPark = (texts: Readonly<Record<string, string>> = {}): ParkFiles =>
  filesOf({
    'park.yaml': 'kind: Park\nname: demo\n',
    'hugo.yaml':
      'kind: Lycee\nname: hugo\nrole: poste\nrooms: { r1: { machines: { a1: 52:54:00:00:00:01 } } }\n',
    'poste.yaml': 'kind: Role\nname: poste\n',
    ...texts,
  })

/** Compiles a park that must have no errors. */
export function compiled(files: ParkFiles): Desired {
  const { desired, diagnostics } = compile(files)
  if (!desired)
    throw new Error(diagnostics.map(({ file, line, message }) => `${file}:${line} ${message.en}`).join('\n'))
  return desired
}

export function machineOf(desired: Desired, id: string): DesiredMachine {
  const machine = desired.machines.get(id as MachineId)
  if (!machine) throw new Error(`no machine ${id}`)
  return machine
}

export const codesOf = (files: ParkFiles): readonly string[] =>
  compile(files).diagnostics.map(({ code }) => code)
