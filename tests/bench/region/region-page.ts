/** What the page says of the simulated region. */
import { type Aim, aimTable } from '../aim.ts'
import { count, megabytes, ratio, seconds, table } from '../table.ts'
import type { AgainstBound, Played, RegionFigures } from './region-figures.ts'

const reference = 15_000

export const regionPage = ({ bound, week, days }: RegionFigures): readonly string[] => [
  `
## A region, simulated

The example region ([examples/franche-comte](../examples/franche-comte/README.md)) on \`proviseur simulate\`'s virtual clock: the real planner, rollouts, store
(SQLite) and loop, on simulated PCs, lines and people. The commit brings a new version of both images (each PC fetches 1.17 GB of it) and a
package for all pupils’ PCs. Nothing in this part depends on how fast this machine is, but the cost of simulating it.

### What we aim at

${aimTable(`at ${count(reference)} PCs`, [...aimsOf(bound, week)])}

*Of the lower bound*: everybody at once, no faults, a loop that gathers news for 5 s and looks every hour, all PCs can be woken, 100 Mbit/s to each lycée and 1 Gbit/s in it; from the commit (Monday,
13:00) until every PC was seen to be as wanted. The bound is what bandwidth and windows alone allow: each image version once over the whole uplink, its bytes to
all PCs over the whole network of the lycée, as soon as a window is open. It knows neither how long a PC takes to start, to read and write its disk and to install a package, nor that a server
writes so many disks at once.

${table(
  ['PCs', 'as wanted at the end', 'took', 'lower bound', 'took ÷ bound'],
  [
    [
      count(bound.machines),
      count(bound.asWanted),
      hours(bound.tookMs),
      hours(bound.boundMs),
      ratio(bound.tookMs, bound.boundMs, 2),
    ],
  ],
)}

### What a week costs to simulate

Seven days with the example's waves and soak times, and the faults of a school year (\`--faults school\`). A process of its own: compiling, the run, and the digest of its log.

${costTable('after the week', [week])}

The first day alone, in which the commit comes and the first wave begins, of a tenth of the lycées, all of them, and ten times as many:

${costTable('after the day', days)}
`,
]

const costTable = (when: string, rows: readonly Played[]): string =>
  table(
    ['PCs', `as wanted ${when}`, 'rules broken', 'log', 'wall', 'CPU', 'CPU for each PC', 'memory'],
    rows.map(({ machines, asWanted, violations, events, cost }) => [
      count(machines),
      count(asWanted),
      count(violations),
      `${count(events)} lines`,
      seconds(cost.wallMs),
      seconds(cost.cpuMs),
      `${(cost.cpuMs / machines).toFixed(1)} ms`,
      megabytes(cost.peakBytes),
    ]),
  )

function* aimsOf(bound: AgainstBound, { cost: { wallMs, peakBytes } }: Played): Generator<Aim> {
  const times = bound.tookMs / bound.boundMs
  yield {
    what: 'a commit’s way through the region, of the lower bound',
    limit: 'at most × 1.15',
    found: `× ${times.toFixed(2)}`,
    met: times <= 1.15,
  }
  yield { what: 'a week simulated', limit: 'under 120 s', found: seconds(wallMs), met: wallMs < 120_000 }
  yield { what: 'memory of it', limit: 'under 1,000 MB', found: megabytes(peakBytes), met: peakBytes < 1e9 }
}

const hours = (ms: number): string => `${(ms / 3_600_000).toFixed(1)} h`
