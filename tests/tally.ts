/** Counts a run of ava by what ava itself reports of it, for the one who started it: tests/suite.ts. */
import { writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import type { Event, ObservedRun } from 'ava/internal'

export type Count = { readonly passed: number; readonly failed: number }

export type Tally = Count & {
  /** What each failure says, its file and title first: in a log of thousands of lines they are told once more at its end. */
  readonly failures: readonly string[]
}

type Stats = Extract<Event, { readonly type: 'stats' }>['stats']
type Failed = Extract<Event, { readonly type: 'test-failed' }>

/** Writes the tally to `file` whenever it changes: what was counted until a crash is not lost. */
export async function writeTally({ events }: ObservedRun, file: string): Promise<void> {
  let counted: Count = { passed: 0, failed: 0 }
  const failures: string[] = []
  for await (const event of events) {
    if (event.type === 'stats') counted = count(event.stats)
    else if (event.type === 'test-failed') failures.push(failureOf(event))
    else continue
    const tally: Tally = { ...counted, failures }
    writeFileSync(file, JSON.stringify(tally))
  }
}

/** A test that did not run, for whatever reason, proves nothing: it counts as failed, as does a file without tests. */
export function count(stats: Stats): Count {
  let failed = 0
  let filesWithFailures = 0
  for (const file of stats.byFile.values()) {
    const tests =
      file.failedTests + file.failedHooks + file.remainingTests + file.skippedTests + file.todoTests
    const mishaps = file.uncaughtExceptions + file.unhandledRejections + file.internalErrors
    const silent = file.declaredTests === 0 && mishaps === 0 ? 1 : 0
    failed += tests + mishaps + silent
    if (tests + mishaps + silent > 0) filesWithFailures++
  }
  // A process that died without any of its tests being to blame.
  failed += Math.max(0, stats.failedWorkers - filesWithFailures)
  return { passed: stats.passedTests + stats.passedKnownFailingTests, failed }
}

const toldLines = 30

const failureOf = ({ testFile, title, err }: Failed): string => {
  const details = 'formattedDetails' in err ? [err.formattedDetails].flat().map(textOf) : []
  const said = [err.message, ...details]
    .filter((one) => one !== '')
    .join('\n')
    .split('\n')
    .slice(0, toldLines)
  return [`${relative(process.cwd(), testFile)}: ${title}`, ...said]
    .map(stripVTControlCharacters)
    .join('\n  ')
}

/** Of an assertion: a heading, and the values that it is about. */
const textOf = (detail: unknown): string =>
  typeof detail === 'object' && detail !== null && 'label' in detail && 'formatted' in detail
    ? `${detail.label}\n${detail.formatted}`
    : ''
