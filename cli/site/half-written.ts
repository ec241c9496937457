/**
 * Which disks are half-written, over a restart of the site server: their PCs have nothing that they could start, and belong into the imager
 * even while no order for them is posted (the window is closed, a person has to replace the disk).
 */
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { syncFolder, writeAtomically } from '../../imaging/atomic-file.ts'
import { integer, list, object, parseJson, text } from '../../imaging/shape.ts'
import type { Desk, Reception } from '../../providers/imaging/desk.ts'
import type { Torn } from '../../providers/imaging/desk-state.ts'
import { say } from '../../specs/text.ts'

export type HalfWritten = {
  disks(): Iterable<readonly [machine: string, torn: Torn]>
  /** Undefined: whole again. */
  note(machine: string, torn: Torn | undefined): void
  /** All that was noted is in the file, or what stood in its way was told. */
  written(): Promise<void>
}

type Line = { readonly machine: string; readonly job: string; readonly at: number }

const shape = object<{ readonly disks: readonly Line[] }>({
  disks: list(object<Line>({ machine: text(), job: text(), at: integer() }), { max: 1_000_000 }),
})

/** A file that is not there is an empty one; one that cannot be read is told, and begun anew. */
export const openHalfWritten = async (
  file: string,
  trouble: (thrown: unknown) => void,
): Promise<HalfWritten> => {
  const disks = new Map<string, Torn>()
  const kept = await readFile(file).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) trouble(error)
    return undefined
  })
  if (kept !== undefined) {
    const parsed = parseJson(kept, shape, { code: 'half-written', ...say(file, file) })
    if (parsed.ok) for (const { machine, job, at } of parsed.value.disks) disks.set(machine, { job, at })
    else trouble(new Error(parsed.message.en))
  }
  let writing: Promise<void> = Promise.resolve()
  const write = async (): Promise<void> => {
    const lines = [...disks].map(([machine, torn]) => ({ machine, ...torn }))
    const put = await writeAtomically(file, Buffer.from(`${JSON.stringify({ disks: lines })}\n`))
    if (!put.ok) throw new Error(put.message.en)
    await syncFolder(dirname(file))
  }
  return {
    disks: () => disks,
    note: (machine, torn) => {
      if (torn === undefined) disks.delete(machine)
      else disks.set(machine, torn)
      writing = writing.then(write).catch(trouble)
    },
    written: () => writing,
  }
}

/** The desk's `done`, answered only when it is on our disk: the PC says it once. */
export const rememberingTorn =
  (desk: Pick<Desk, 'done'>, { written }: Pick<HalfWritten, 'written'>) =>
  async (token: string, done: Parameters<Desk['done']>[1]): Promise<Reception> => {
    const reception = desk.done(token, done)
    await written()
    return reception
  }
