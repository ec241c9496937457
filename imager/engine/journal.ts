/**
 * What a restore has already verified on the disk, so that after a power cut it need not be read again. It only ever saves time: it is
 * believed if it is whole, is for exactly this content at exactly this place, and the disk itself still bears the mark that was
 * written there when this restore began (half-written.ts). In any doubt everything is compared.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isMissing, removeIfThere, syncFolder, writeAtomically } from '../../imaging/atomic-file.ts'
import { sha256 } from '../../imaging/digest.ts'
import type { ManifestPartition } from '../../imaging/manifest.ts'
import { integer, list, object, oneOf, parseJson, text } from '../../imaging/shape.ts'
import { say } from '../../specs/text.ts'

export type JournalEntry = {
  readonly format: 'proviseur-journal-1'
  readonly partition: string
  readonly list: string
  readonly map: string
  readonly offsetBytes: number
  readonly sizeBytes: number
  /** The mark in the partition's destroyed first chunk. */
  readonly mark: string
  /** Chunks that are equal and durable: first and end of each run in turn. */
  readonly verified: readonly number[]
}

export interface Journal {
  /** Between two entries. */
  readonly everyMs: number
  /** Undefined: none, or not for this. */
  load(partition: ManifestPartition, offsetBytes: number): Promise<JournalEntry | undefined>
  /** False: there was no room; the restore goes on without. */
  save(entry: JournalEntry): Promise<boolean>
  clear(partition: string): Promise<void>
}

/** Beyond this, what was verified is so scattered that comparing again is the simpler thing. */
const mostBounds = 2 ** 20

const shape = object<JournalEntry>({
  format: oneOf('proviseur-journal-1'),
  partition: text(),
  list: text(),
  map: text(),
  offsetBytes: integer(),
  sizeBytes: integer(),
  mark: text(),
  verified: list(integer(), { max: mostBounds }),
})

/** One line of JSON, and its SHA-256. */
export const encodeJournalEntry = (entry: JournalEntry): Uint8Array => {
  const line = JSON.stringify(entry)
  return Buffer.from(`${line}\n${sha256(Buffer.from(line))}\n`)
}

/** Undefined: damaged. */
export const parseJournalEntry = (bytes: Uint8Array): JournalEntry | undefined => {
  const [line = '', sum] = Buffer.from(bytes).toString('utf8').split('\n')
  if (sha256(Buffer.from(line)) !== sum) return undefined
  const parsed = parseJson(line, shape, { code: 'journal', ...say('The journal', 'Le journal') })
  return parsed.ok ? parsed.value : undefined
}

/** In a folder of the cache partition: one file a partition. */
export const openJournal = (folder: string, everyMs = 5_000): Journal => {
  const file = (partition: string): string => join(folder, `journal-${encodeURIComponent(partition)}`)
  return {
    everyMs,
    load: async (partition, offsetBytes) => {
      const entry = await read(file(partition.name))
      return entry !== undefined &&
        entry.partition === partition.name &&
        entry.list === partition.list &&
        entry.map === partition.map &&
        entry.sizeBytes === partition.sizeBytes &&
        entry.offsetBytes === offsetBytes
        ? entry
        : undefined
    },
    save: async (entry) => {
      const written = await writeAtomically(file(entry.partition), encodeJournalEntry(entry))
      if (written.ok) await syncFolder(folder)
      return written.ok
    },
    clear: async (partition) => {
      if (await removeIfThere(file(partition))) await syncFolder(folder)
    },
  }
}

const read = async (file: string): Promise<JournalEntry | undefined> => {
  try {
    return parseJournalEntry(await readFile(file))
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** Which chunks are verified. */
export type VerifiedChunks = {
  has(index: number): boolean
  add(index: number): void
  /** As an entry has them. */
  runs(): readonly number[]
}

export const createVerifiedChunks = (length: number, runs: readonly number[] = []): VerifiedChunks => {
  const marks = new Uint8Array(length)
  for (let at = 0; at < runs.length; at += 2) marks.fill(1, runs[at], runs[at + 1])
  return {
    has: (index) => marks[index] === 1,
    add: (index) => {
      marks[index] = 1
    },
    runs: () => {
      const found: number[] = []
      for (let index = 0; index < length; index += 1) {
        const is = marks[index] === 1
        if (is !== (found.length % 2 === 1)) found.push(index)
      }
      if (found.length % 2 === 1) found.push(length)
      return found
    },
  }
}
