/** Counts a run of ava by what ava itself reports of it, for the one who started it: tests/suite.ts. */
import { writeFileSync } from 'node:fs'
import type { Event, ObservedRun } from 'ava/internal'

export type Count = { readonly passed: number; readonly failed: number }

type Stats = Extract<Event, { readonly type: 'stats' }>['stats']

/** Writes the count to `file` whenever it changes: what was counted until a crash is not lost. */
export async function writeTally({ events }: ObservedRun, file: string): Promise<void> {
  for await (const event of events)
    if (event.type === 'stats') writeFileSync(file, JSON.stringify(count(event.stats)))
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
