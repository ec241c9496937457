import { faultSets, type Misfortune } from '../../providers/simulated/misfortune.ts'
import type { Given } from '../given.ts'

/** The command that plays the same run again: everything that it depends on is in it. */
export const againLine = (
  given: Given,
  drawn: {
    readonly seed: number
    readonly days: number
    readonly calmDays: number
    readonly start: string
    readonly faults: readonly Misfortune[]
  },
): string => {
  const words = ['proviseur simulate']
  const folder = given.argument(0)
  if (folder !== undefined) words.push(folder)
  words.push(`--seed ${drawn.seed}`, `--days ${drawn.days}`, `--calm ${drawn.calmDays}`)
  words.push(`--faults ${faultsText(drawn.faults)}`, `--start ${drawn.start}`)
  for (const option of ['base', 'rev'] as const) {
    const value = given.value(option)
    if (value !== undefined) words.push(`--${option} ${value}`)
  }
  return words.join(' ')
}

const faultsText = (faults: readonly Misfortune[]): string => {
  const set = Object.entries(faultSets).find(([, kinds]) => kinds.join() === faults.join())
  return set?.[0] ?? faults.join(',')
}
