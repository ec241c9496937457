/** docs/benchmarks.md: all of it, from the figures. */
import { type Aim, aimTable } from './aim.ts'
import type { AnsibleFigures, ToolRun } from './beside-ansible.ts'
import type { ImagingFigures } from './imaging/imaging-figures.ts'
import { imagingPage } from './imaging/imaging-page.ts'
import type { Measure } from './measure.ts'
import type { ParkFigures } from './park-figures.ts'
import type { RegionFigures } from './region/region-figures.ts'
import { regionPage } from './region/region-page.ts'
import { count, megabytes, ratio, seconds, table } from './table.ts'

export type Figures = {
  readonly machine: string
  readonly parks: readonly ParkFigures[]
  readonly ansible?: AnsibleFigures
  readonly imaging?: ImagingFigures
  readonly region?: RegionFigures
}

/** The size that the aims are about. */
const reference = 15_000

export function page(figures: Figures): string {
  return [
    introduction(figures),
    ...(figures.parks.some(({ machines }) => machines === reference) ? [aims(figures.parks)] : []),
    ...(figures.parks.some(({ check }) => check) ? [checks(figures.parks)] : []),
    ...(figures.parks.some(({ plan }) => plan) ? [plans(figures.parks)] : []),
    ...(figures.parks.some(({ loop }) => loop) ? [loops(figures.parks)] : []),
    ...(figures.region ? regionPage(figures.region) : []),
    ...(figures.ansible ? [besideAnsible(figures.ansible)] : []),
    ...(figures.imaging ? imagingPage(figures.imaging) : []),
  ]
    .map((part) => part.trim())
    .join('\n\n')
    .concat('\n')
}

const introduction = ({ machine }: Figures): string => `
# Benchmarks

Written by \`bin/bench\`, which measures everything below anew and writes this page whole (root is needed for the last parts, which
make real PCs and disks). Measured on: ${machine}.

The generated park is what the region looks like: lycées of about 283 PCs in ten rooms, four roles, 40 packages and 10 scripts on
every PC, one PC in twenty with a package of its own. Its stored inventory is as a loop leaves it: 600 packages besides the
wanted ones, the set of each lycée a little different; 5 % of the PCs have lost a package, 10 % are off.

Every run is a process of its own, as a user starts it, measured by the kernel's accounting (GNU time): *wall* is what one waits,
*CPU* what all threads took together, *memory* the most that was resident. *Cold* means a fresh process that has read nothing
yet; the files are in the system's cache, and so are Node's compiled modules (the launcher keeps them between runs), unless a
column says *without compile cache*. Figures are medians.
`

const aims = (parks: readonly ParkFigures[]): string =>
  `## What we aim at\n\n${aimTable(`at ${count(reference)} PCs`, [...aimsOf(parks)])}`

function* aimsOf(parks: readonly ParkFigures[]): Generator<Aim> {
  const park = parks.find(({ machines }) => machines === reference)
  if (park?.check) yield wallAim('cold `check`', 1_500, park.check.warm)
  if (park?.plan) yield wallAim('cold `plan`', 2_000, park.plan.warm)
  if (park?.check) yield memoryAim('memory of `check`', park.check.warm.peakBytes)
  if (park?.plan) yield memoryAim('memory of `plan`', park.plan.warm.peakBytes)
  if (park?.loop) yield memoryAim('memory of the loop', park.loop.peakBytes)
  const largest = parks.findLast(({ machines }) => machines > reference)
  if (park?.check && largest?.check) yield growthAim('`check`', park, largest, (it) => it.check?.warm.cpuMs)
  if (park?.plan && largest?.plan) yield growthAim('`plan`', park, largest, (it) => it.plan?.warm.cpuMs)
  if (park?.loop && largest?.loop)
    yield growthAim('a pass of the loop', park, largest, (it) => it.loop?.nextPassCpuMs)
}

const wallAim = (what: string, limitMs: number, { wallMs }: Measure): Aim => ({
  what,
  limit: `under ${seconds(limitMs)}`,
  found: seconds(wallMs),
  met: wallMs < limitMs,
})

const memoryAim = (what: string, bytes: number): Aim => ({
  what,
  limit: 'under 500 MB',
  found: megabytes(bytes),
  met: bytes < 500e6,
})

/** Ten times the PCs may take twelve times as long, and not more: caches of the processor are only so large. */
function growthAim(
  what: string,
  from: ParkFigures,
  to: ParkFigures,
  of: (park: ParkFigures) => number | undefined,
): Aim {
  const times = to.machines / from.machines
  const growth = (of(to) ?? 0) / (of(from) ?? 1)
  return {
    what: `growth of ${what} from ${count(from.machines)} to ${count(to.machines)} PCs`,
    limit: `linear: × ${Math.round(times)}, at most × ${Math.round(times * 1.2)}`,
    found: `× ${growth.toFixed(1)}`,
    met: growth <= times * 1.2,
  }
}

function checks(parks: readonly ParkFigures[]): string {
  const rows = parks.flatMap(({ machines, lycees, check }) =>
    check === undefined
      ? []
      : [
          [
            count(machines),
            count(lycees),
            ...measured(check.warm),
            perMachine(check.warm, machines),
            seconds(check.withoutCache.wallMs),
            seconds(check.floor.wallMs),
            ratio(check.warm.cpuMs, check.floor.cpuMs),
          ],
        ],
  )
  return `
## \`proviseur check\`

Reads every file, checks it against its schema, resolves every layer of every PC, and digests the result. The *floor* is a process
that reads the same files and parses them with the YAML library alone; the last column is how many times its CPU time we take.

${table([...sizeColumns, ...measureColumns, 'wall without compile cache', 'floor: wall', 'CPU ÷ floor'], rows)}`
}

function plans(parks: readonly ParkFigures[]): string {
  const rows = parks.flatMap(({ machines, lycees, plan }) =>
    plan === undefined
      ? []
      : [
          [
            count(machines),
            count(lycees),
            ...measured(plan.warm),
            perMachine(plan.warm, machines),
            seconds(plan.withoutCache.wallMs),
            megabytes(plan.storeBytes),
            seconds(plan.floor.wallMs),
            ratio(plan.warm.cpuMs, plan.floor.cpuMs),
            ratio(plan.warm.cpuMs, plan.rowsFloor.cpuMs),
          ],
        ],
  )
  const columns = ['wall without compile cache', 'store', 'floor: wall', 'CPU ÷ floor', 'CPU ÷ rows alone']
  return `
## \`proviseur plan\` from a stored inventory

Compiles the park as \`check\` does, loads what was observed of every PC from SQLite, decides for each, and prints the report. The
*floor* is a process that reads the same files with the YAML library, and all rows of the same tables, and parses their JSON;
*rows alone* leaves the files out.

${table([...sizeColumns, ...measureColumns, ...columns], rows)}`
}

function loops(parks: readonly ParkFigures[]): string {
  const rows = parks.flatMap(({ machines, loop }) =>
    loop === undefined
      ? []
      : [
          [
            count(machines),
            seconds(loop.firstPassMs),
            count(loop.actions),
            seconds(loop.actionsMs),
            `${(loop.actionsMs / Math.max(1, loop.actions)).toFixed(1)} ms`,
            seconds(loop.nextPassMs),
            seconds(loop.nextPassCpuMs),
            `${((loop.nextPassCpuMs * 1_000) / machines).toFixed(0)} µs`,
            seconds(loop.planMs),
            ratio(loop.nextPassMs, loop.planMs),
            seconds(loop.cpuMs),
            megabytes(loop.peakBytes),
          ],
        ],
  )
  return `
## One pass of the loop

A process with the loop of \`proviseur up\` on the folder and a SQLite store that survives power cuts, with PCs that obey at once. The
*first pass* is the one after the start, with the whole inventory to load, the specs being compiled already; its *actions* (as
many as each lycée's capacity admits) are claimed, made and recorded: all that a plan starts in one transaction, all that has ended since the last turn in another, both on the disk before
the loop goes on. The *next pass* reads the specs again to see whether they changed, takes over what is new in the
store, and decides on every PC again, as every full pass does once a minute. The last columns are of the whole process: start, compiling, both passes and the actions.

${table(['PCs', 'first pass', 'actions', 'all of them', 'each', 'next pass', 'its CPU', 'for each PC', 'one `plan()` alone', 'pass ÷ `plan()`', 'CPU', 'memory'], rows)}`
}

function besideAnsible({ proviseur, ansible, ansibleVersion, repetitions }: AnsibleFigures): string {
  const row = (what: string, ours: ToolRun, theirs: ToolRun): string[][] => [
    [`${what}: wall`, seconds(ours.wallMs), seconds(theirs.wallMs), ratio(theirs.wallMs, ours.wallMs)],
    ['CPU here', seconds(ours.cpuMs), seconds(theirs.cpuMs), ratio(theirs.cpuMs, ours.cpuMs)],
    [
      'CPU on the six PCs',
      seconds(ours.pcCpuMs),
      seconds(theirs.pcCpuMs),
      ratio(theirs.pcCpuMs, ours.pcCpuMs),
    ],
    [
      'memory here (largest process)',
      megabytes(ours.peakBytes),
      megabytes(theirs.peakBytes),
      ratio(theirs.peakBytes, ours.peakBytes),
    ],
  ]
  const rows = [
    ...row('from wrong to right', proviseur.convergence, ansible.convergence),
    ...row('nothing to do', proviseur.nothingToDo, ansible.nothingToDo),
  ]
  return `
## Beside Ansible

The six PCs of \`bin/demo\` (namespaces on this machine, with real sshd, apt and dpkg; all switched on), wrong in the same ways, in a
fresh lab for each run: packages missing, old or unwanted, a wrong host name, a proxy line that is not there, a script to
be run once. First each tool puts them right, then it is run again and finds nothing to do. After the first run the PCs themselves
are asked whether everything is as wanted. Median of ${repetitions}.

${table(['', 'Proviseur', `Ansible (core ${ansibleVersion})`, 'Ansible ÷ Proviseur'], rows)}

Proviseur: \`proviseur up --once\`. Ansible: [playbook](../tests/bench/ansible/playbook.yml) and
[settings](../tests/bench/ansible/ansible.cfg) as a careful admin would write them: six forks, SSH pipelining and connections kept
within a run, the interpreter given, one apt transaction, the package index fetched at most once an hour, facts gathered (its
default; Proviseur reads about the same of a PC each time). python3 and python3-apt, which Ansible needs on a PC, are on all
of them for either tool.

What differs: Ansible goes to every PC for every task, and all wait for the slowest before the next; Proviseur reads all of a PC in one
command, does all that is to be done on it in one more, looks once more to see that it is so, and lets no PC wait for another.
When nothing is to be done, Ansible still starts every module on every PC, and Proviseur reads each PC once. Ansible's CPU includes
the SSH connections that it leaves open; its memory is that of one process, of which it has one more for each fork. PCs and tool share this machine's cores here; in a lycée the PCs have their own.
`
}

const sizeColumns = ['PCs', 'lycées'] as const
const measureColumns = ['wall', 'CPU', 'memory', 'CPU for each PC'] as const

const measured = ({ wallMs, cpuMs, peakBytes }: Measure): readonly string[] => [
  seconds(wallMs),
  seconds(cpuMs),
  megabytes(peakBytes),
]

const perMachine = ({ cpuMs }: Measure, machines: number): string =>
  `${((cpuMs * 1_000) / machines).toFixed(0)} µs`
