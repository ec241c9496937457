/**
 * A lycée in which nothing can be done twice, or be left out, unseen. Each round asks every PC for a new package, a newer one,
 * a changed script and a script that runs once; each of them takes its time and writes a line when it runs.
 */
import type { ExecutionContext } from 'ava'
import { openStore } from '../../reconciler/store/open.ts'
import { createLab, type Lab, type Pc } from './lab.ts'
import { type ManagedLycee, manageLycee, packageFiles, roleFile, scriptFile } from './managed-lycee.ts'
import type { ParkOptions } from './park.ts'

export type CountableWork = {
  readonly lab: Lab
  readonly lycee: ManagedLycee
  readonly rounds: number
  /** Publishes the next round's packages and commits what asks for them; returns the commit. */
  readonly next: () => Promise<string>
  /** Once all PCs have converged at the last round: everything was done once, by the PCs' records and by the store's. */
  readonly verify: (t: ExecutionContext, storeUrl?: string) => Promise<void>
  readonly dispose: () => Promise<void>
}

const toy = (round: number): string => `jouet-${round}`
const toolVersion = (round: number): string => `1.${round}-1`
const slowly = (line: string): string => `sleep 0.4\necho '${line}' >>/var/log/runs\nsleep 0.3\n`
const upTo = (rounds: number): readonly number[] => Array.from({ length: rounds }, (_, round) => round)

const specs = (rounds: number): ParkOptions => ({
  lycee: { role: 'poste' },
  files: {
    ...packageFiles('outil', 'minetest', ...upTo(rounds).map(toy)),
    ...roleFile('poste', {
      packages: {
        outil: toolVersion(rounds - 1),
        minetest: 'absent',
        ...Object.fromEntries(upTo(rounds).map((round) => [toy(round), 'present'])),
      },
      scripts: ['stamp', ...upTo(rounds).map((round) => `once-${round}`)],
    }),
    ...scriptFile('stamp', { apply: slowly(`stamp ${rounds - 1}`) }),
    ...Object.fromEntries(
      upTo(rounds).flatMap((round) =>
        Object.entries(scriptFile(`once-${round}`, { when: 'once', apply: slowly(`once ${round}`) })),
      ),
    ),
  },
})

/** Four PCs: one bare, one old and with a game, one too new and misnamed, one off. */
export async function prepareCountableWork(): Promise<CountableWork> {
  const lab = await createLab({
    packages: [
      { name: 'outil', version: '0.9-1' },
      { name: 'outil', version: '9.0-1' },
      { name: 'minetest', version: '5.9.0-1' },
    ],
    pcs: [
      { name: 'b204-01', room: 'b204' },
      { name: 'b204-02', room: 'b204', installed: { outil: '0.9-1', minetest: '5.9.0-1' } },
      { name: 'cdi-01', room: 'cdi', hostname: 'poste-17', installed: { outil: '9.0-1' } },
      { name: 'cdi-02', room: 'cdi', off: true },
    ],
  })
  const lycee = await manageLycee(lab)
  let rounds = 0
  return {
    lab,
    lycee,
    get rounds() {
      return rounds
    },
    next: async () => {
      const told = (line: string): { readonly postinst: string } => ({ postinst: slowly(line) })
      await lab.repository.publish(toy(rounds), '1.0-1', told(toy(rounds)))
      await lab.repository.publish('outil', toolVersion(rounds), told(`outil ${toolVersion(rounds)}`))
      rounds += 1
      return lycee.commit(specs(rounds), `Round ${rounds}`)
    },
    verify: async (t, storeUrl = `sqlite:${lycee.state}/store.db`) => {
      const records = await Promise.all(lab.pcs.map((pc) => verifyPc(t, pc, rounds)))
      await verifyStore(t, storeUrl, new Set(records.flat()))
    },
    dispose: async () => {
      await lycee.dispose()
      await lab.dispose()
    },
  }
}

/** Returns the ids of the actions that ran on it. */
async function verifyPc(t: ExecutionContext, pc: Pc, rounds: number): Promise<readonly string[]> {
  const wanted = upTo(rounds).flatMap((round) => [
    toy(round),
    `outil ${toolVersion(round)}`,
    `stamp ${round}`,
    `once ${round}`,
  ])
  const runs = (await pc.readFile('/var/log/runs')).trim().split('\n')
  t.deepEqual(runs.toSorted(), wanted.toSorted(), `${pc.name}: each script and each configuration ran once`)

  t.is(await pc.installed('outil'), toolVersion(rounds - 1), pc.name)
  t.is(await pc.installed('minetest'), undefined, pc.name)
  for (const round of upTo(rounds)) t.is(await pc.installed(toy(round)), '1.0-1', pc.name)
  t.is((await pc.exec('hostname')).trim(), pc.name)
  t.is(await pc.exec('dpkg --audit; ls /var/lib/dpkg/updates'), '', `${pc.name}: nothing half-done`)
  const log = (await pc.readFile('/var/log/dpkg.log')).split('\n')
  const times = (pattern: RegExp, end = ''): number =>
    log.filter((line) => pattern.test(line) && line.endsWith(end)).length
  for (const round of upTo(rounds)) {
    t.is(times(new RegExp(` install ${toy(round)}:`)), 1, `${pc.name}: ${toy(round)} in dpkg.log`)
    const version = toolVersion(round)
    // dpkg calls it an upgrade in both directions.
    t.is(times(/ (install|upgrade) outil:/, ` ${version}`), 1, `${pc.name}: outil ${version} in dpkg.log`)
  }
  t.is(times(/ remove minetest:/), pc.name === 'b204-02' ? 1 : 0, pc.name)

  const records = await actionRecords(pc)
  for (const { id, end, steps } of records) {
    t.is(end, 'done', `${pc.name}: the end of ${id}`)
    t.deepEqual(steps, [...new Set(steps)], `${pc.name}: the steps that ${id} began`)
  }
  const succeeded = records.reduce((sum, { scripts }) => sum + scripts, 0)
  t.is(succeeded, 2 * rounds, `${pc.name}: scripts that ran, by its records`)
  return records.map(({ id }) => id)
}

type ActionRecord = {
  readonly id: string
  readonly end: string
  /** Numbers of the steps that were begun; twice the same if it ran twice. */
  readonly steps: readonly string[]
  /** How many scripts it ran to success. */
  readonly scripts: number
}

async function actionRecords(pc: Pc): Promise<readonly ActionRecord[]> {
  const lines = await pc.exec(`
cd /var/lib/proviseur/actions
for id in $(ls -A); do
  echo "$id/$(cut -d ' ' -f 1 "$id/exit")/$(paste -sd ' ' "$id/progress")/$(cat "$id"/steps/*/result | grep -cx 'ok 0')"
done 2>/dev/null`)
  return lines
    .trim()
    .split('\n')
    .map((line) => {
      const [id = '', end = '', steps = '', scripts = ''] = line.split('/')
      return { id, end, steps: steps.split(' '), scripts: Number(scripts) }
    })
}

/** `ran`: the actions that PCs have a record of. */
async function verifyStore(t: ExecutionContext, url: string, ran: ReadonlySet<string>): Promise<void> {
  const store = await openStore(url)
  try {
    t.deepEqual(await store.openActions(), [], 'no action is left open')
    const events = await store.events({ limit: 100_000 })
    const of = (kind: string): readonly ActionData[] =>
      // The event's own shape, as action-events.ts writes it.
      events.filter((event) => event.kind === kind).map(({ data }) => data as ActionData)
    const started = of('action-started').map(({ action }) => action)
    t.deepEqual(started, [...new Set(started)], 'each action is started once')
    t.deepEqual(
      of('action-ended')
        .map(({ action }) => action)
        .toSorted(),
      started.toSorted(),
      'and ends once',
    )
    t.deepEqual(
      [...ran].filter((id) => !started.includes(id)),
      [],
      'the PCs ran what the store knows of',
    )
    const remote = of('action-started').filter(({ changes = [] }) =>
      changes.some(({ facet }) => facet !== 'power'),
    )
    const complete = new Set(
      of('action-ended')
        .filter(({ outcome }) => outcome === 'complete')
        .map(({ action }) => action),
    )
    t.deepEqual(
      remote.map(({ action }) => action).filter((id) => complete.has(id) && !ran.has(id)),
      [],
      'what the store calls complete, the PCs ran',
    )
    t.deepEqual(
      of('action-ended').filter(({ action, outcome }) => ran.has(action) && outcome !== 'complete'),
      [],
      'what the PCs ran is complete in the store',
    )
  } finally {
    await store.close()
  }
}

type ActionData = {
  readonly action: string
  readonly outcome?: string
  readonly changes?: readonly { readonly facet: string }[]
}
