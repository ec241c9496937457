/** How a version's trial boots ended: `tests/<manifest digest>.json` in the store, one entry for each kind of firmware, the newest. */
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isMissing, writeAtomically } from './atomic-file.ts'
import type { ManifestDigest } from './digest.ts'
import type { ImageStore } from './folder-store.ts'
import { type Result, refuse, right } from './refusal.ts'
import { boolean, integer, list, object, oneOf, parseJson } from './shape.ts'

export const trialFirmwares = ['bios', 'uefi', 'secure-boot'] as const
export type TrialFirmware = (typeof trialFirmwares)[number]

export type TrialRecord = {
  readonly firmware: TrialFirmware
  readonly passed: boolean
  /** Epoch milliseconds. */
  readonly at: number
  /** From power-on to the login, or to giving up. */
  readonly seconds: number
}

const shape = object<{ readonly trials: readonly TrialRecord[] }>({
  trials: list(
    object<TrialRecord>({
      firmware: oneOf('bios', 'uefi', 'secure-boot'),
      passed: boolean,
      at: integer(),
      seconds: integer(),
    }),
    { max: 3 },
  ),
})

const pathOf = (store: ImageStore, digest: ManifestDigest): string =>
  join(store.folder, 'tests', `${digest}.json`)

/** A record that cannot be read counts as none: the trial is quickly made again. */
export const readTrials = async (
  store: ImageStore,
  digest: ManifestDigest,
): Promise<readonly TrialRecord[]> => {
  const bytes = await readFile(pathOf(store, digest)).catch((error: unknown) => {
    if (!isMissing(error)) throw error
  })
  const told = { code: 'trial-record', en: 'The record of trials', fr: 'Le compte rendu des essais' }
  const parsed = bytes && parseJson(bytes, shape, told)
  return parsed?.ok === true ? parsed.value.trials : []
}

export const writeTrial = async (
  store: ImageStore,
  digest: ManifestDigest,
  trial: TrialRecord,
): Promise<Result<undefined>> => {
  const others = (await readTrials(store, digest)).filter(({ firmware }) => firmware !== trial.firmware)
  const trials = [...others, trial].toSorted((a, b) => (a.firmware < b.firmware ? -1 : 1))
  await mkdir(join(store.folder, 'tests'), { recursive: true })
  const written = await writeAtomically(
    pathOf(store, digest),
    Buffer.from(`${JSON.stringify({ trials }, undefined, 2)}\n`),
  )
  return written.ok ? right(undefined) : refuse(written.code, written.message.en, written.message.fr)
}
