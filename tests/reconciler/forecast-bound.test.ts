import test from 'ava'
import fc from 'fast-check'
import { forecast } from '../../reconciler/forecast.ts'
import { lowerBound } from '../../reconciler/forecast-bound.ts'
import type { WorkInput } from '../../reconciler/forecast-work.ts'
import type { KnownImage } from '../../reconciler/model/plan.ts'
import { plan } from '../../reconciler/plan.ts'
import type { DesiredSite, Profile, Window } from '../../specs/desired.ts'
import {
  capacity,
  everyDay,
  facts,
  machine,
  manifest,
  now,
  observedDisk,
  off,
  park,
  planInput,
  profile,
  server,
  wantedDisk,
  wantedPackage,
  weekly,
} from './sample-park.ts'

const hour = 3_600_000
const evening = 9 * hour
const night = weekly(everyDay, '19:00', '06:00', { allow: 'destructive' })

const imageOf = (gigabytes: number): ReadonlyMap<string, KnownImage> =>
  new Map([
    [
      manifest('2026.10'),
      { usedBytes: 9e9, storedBytes: gigabytes * 5e9, deltaBytes: () => gigabytes * 1e9 },
    ],
  ])

const input = (
  machines: number,
  kind: Profile,
  gigabytes: number,
  site: Partial<DesiredSite> = {},
): WorkInput => {
  const ids = Array.from({ length: machines }, (_, index) => `hugo/b1-${index + 1}`)
  const desired = park(
    ids.map((id) => machine(id, kind)),
    { server, capacity: capacity({ lanBitsPerSecond: 1e9 }), ...site },
  )
  const images = imageOf(gigabytes)
  const seen = ids.map((id) => off(id, facts(), { disk: observedDisk(wantedDisk('2026.09')) }))
  const { inventory, history, ...rest } = planInput(desired, seen, { images })
  return { desired, plan: plan({ inventory, history, ...rest }), inventory, history, images }
}

const imaged = (windows: readonly Window[]): Profile => profile({ disk: wantedDisk('2026.10'), windows })

test('bytes to the disks take the server’s whole link, and only while a window is open', (t) => {
  // 100 times 1 GB at 1 Gbit/s: 800 s. At 1 Gbit/s of uplink the version is there long before the evening.
  const bound = lowerBound(input(100, imaged([night]), 1, { uplinkBitsPerSecond: 1e9 }))
  t.is(bound?.end, now + evening + 800_000)
  t.deepEqual(
    bound?.lycees.map(({ uplinkMs, lanMs }) => [uplinkMs, lanMs]),
    [[8_000, 800_000]],
  )
})

test('what does not fit into one night goes on in the next', (t) => {
  // 6,000 GB: 48,000 s, of which a night of eleven hours takes 39,600.
  const bound = lowerBound(input(60, imaged([night]), 100, {}))
  t.is(bound?.end, now + evening + 24 * hour + 8_400_000)
})

test('over a narrow uplink the version comes first', (t) => {
  // 10 GB at 1 Mbit/s: 80,000 s, past the first night; then each of two disks gets its 10 GB.
  const bound = lowerBound(input(2, imaged([]), 10, { uplinkBitsPerSecond: 1e6 }))
  t.is(bound?.end, now + 80_000_000 + 2 * 80_000)
})

test('work without bytes begins with its first window', (t) => {
  const bound = lowerBound(input(3, profile({ packages: [wantedPackage('vim')], windows: [night] }), 1))
  t.is(bound?.end, now + evening)
})

test('nothing to do has no bound', (t) => {
  t.is(lowerBound(input(2, profile(), 1)), undefined)
})

test('no forecast is better than the bound', (t) => {
  const windows = fc.constantFrom<(readonly Window[])[]>(
    [],
    [night],
    [weekly(['wed', 'sat'], '13:00', '18:00', { allow: 'destructive' })],
  )
  fc.assert(
    fc.property(
      windows,
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 1, max: 20 }),
      fc.constantFrom(20e6, 100e6, 1e9),
      fc.integer({ min: 1, max: 16 }),
      (open, machines, gigabytes, uplinkBitsPerSecond, actions) => {
        const of = input(machines, imaged(open), gigabytes, {
          uplinkBitsPerSecond,
          capacity: capacity({ actions, images: actions, lanBitsPerSecond: 1e9 }),
        })
        const [ahead, bound] = [forecast(of), lowerBound(of)]
        t.truthy(bound)
        // Without an end the work fits into no window.
        t.true((ahead?.end ?? Number.POSITIVE_INFINITY) >= (bound?.end ?? 0))
      },
    ),
    { numRuns: 60 },
  )
})
