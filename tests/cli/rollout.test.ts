import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { PackageChange } from '../../reconciler/model/change.ts'
import type { ActionId, ChangeKey, MachineId } from '../../reconciler/model/ids.ts'
import type { Action } from '../../reconciler/model/plan.ts'
import { openStore } from '../../reconciler/store/open.ts'
import { claimAction, endAction } from '../conformance/one-action.ts'
import { until } from '../lab/until.ts'
import { json, type Ran, scratch, proviseur as startProviseur, writeFiles } from './command.ts'
import { proviseur } from './in-process.ts'
import { closedPort, samplePark, writePark } from './sample-park.ts'

/** One PC of room b204 first; then, once somebody has agreed, the other lycée. */
const parkWith = (more = ''): string => `kind: Park
name: sample
timezone: Europe/Paris
rollout:
  waves:
    - { rooms: [b204] }
    - { percent: 100, approval: true }
${more}`

const jules = `kind: Lycee
name: jules-haag
title: Lycée Jules Haag
role: poste
rooms:
  a1:
    machines:
      a1-01: { mac: 52:54:00:25:03:01, address: 127.0.0.3 }
`

type Park = { readonly folder: string; run(...args: readonly string[]): Promise<Ran> }

/** A park whose machines are on the loopback, where nothing listens: a rollout begins, and nothing is tried. */
const park = async (t: ExecutionContext): Promise<Park> => {
  const { path: folder, remove } = await scratch()
  t.teardown(remove)
  await writePark(folder, await closedPort())
  await writeFiles(folder, { 'park.yaml': parkWith(), 'lycees/jules-haag.yaml': jules })
  const made = await proviseur(['init', folder])
  if (made.code !== 0) throw new Error(made.stderr)
  return { folder, run: (...args) => proviseur(args, { cwd: folder }) }
}

const begun = async (t: ExecutionContext): Promise<Park> => {
  const made = await park(t)
  t.is((await made.run('up', '--once')).code, 3)
  return made
}

/** An action on this PC that ends as an installation that apt refuses. */
const fail = async (folder: string, machine: MachineId): Promise<void> => {
  const store = await openStore(`sqlite:${join(folder, '.proviseur/store.db')}`)
  try {
    const target = await store.target()
    if (target === undefined) throw new Error('there is no target')
    const { fence, desired: content } = target
    const [changes, expect] = [[geogebra], { packages: {} }]
    const id = `action-${machine}` as ActionId
    const at = Date.now()
    const action: Action = { id, machine, changes, fence, content, expect, deadline: at + 60_000 }
    await claimAction(store, action, 'test', at, 30_000)
    const reason = {
      code: 'unsatisfiable',
      message: {
        en: 'geogebra needs what no repository has.',
        fr: 'geogebra demande ce qu’aucun dépôt n’a.',
      },
    }
    const key = 'packages/geogebra@present' as ChangeKey
    await endAction(store, {
      id,
      machine,
      owner: 'test',
      at,
      fence,
      outcome: { kind: 'failed', class: 'terminal', reason, results: [], at },
      applied: {},
      backoffs: [{ key, attempts: 1, class: 'terminal', notBefore: at, reason }],
      clear: [],
      events: [],
    })
  } finally {
    await store.close()
  }
}

const geogebra: PackageChange = {
  facet: 'packages',
  item: 'geogebra' as PackageChange['item'],
  source: 'geogebra',
  operation: 'install',
  from: null,
  to: 'present',
  effect: 'quiet',
}

test('rollout status shows the waves in numbers, who is asked before which, and what to do', async (t) => {
  const { run } = await begun(t)
  const { stdout, code } = await run('rollout', 'status')
  t.is(code, 0)
  t.regex(stdout, /^▸ Rollout of folder:[0-9a-f]{12}: wave 1 of 2, 0 of 3 machines well, 0 failed\./u)
  t.regex(stdout, /begun \d\d:\d\d; there was none before/u)
  t.regex(stdout, /1 +room b204 +2 +· +· +· +2 +· +open since \d\d:\d\d/u)
  t.regex(stdout, /2 +up to 100% +1 +· +· +· +1 +· +closed, asks for approval first/u)
  t.regex(stdout, /→ Nothing to do: it goes on by itself\./u)
  t.regex((await run('rollout', 'status', '--lang', 'fr')).stdout, /salle b204.*ouverte depuis/u)
  const told = json(await run('rollout', 'status', '--json'))
  t.like(told, { phase: 'running', base: null, isRollback: false, machines: 3, failures: [], orders: [] })
  t.deepEqual(
    told.waves.map(({ wave, members, state, machines }: Record<string, unknown>) => [
      wave,
      members,
      state,
      machines,
    ]),
    [
      [1, { rooms: ['b204'] }, 'open', 2],
      [2, { percent: 100 }, 'closed', 1],
    ],
  )
  t.like(told.waves[0].counts, { pending: 2, succeeded: 0 })
})

test('a failure pauses it: status says which machine, why, and what can be done', async (t) => {
  const { folder, run } = await begun(t)
  await fail(folder, 'victor-hugo/b204-01' as MachineId)
  t.is((await run('up', '--once')).code, 3)
  const { stdout } = await run('rollout', 'status')
  t.regex(stdout, /^✗ Rollout of folder:\S+ The rollout has stopped itself: it failed on 1 of the 1/u)
  t.regex(stdout, /1 +room b204 +2 +· +1 +· +1 +·/u)
  t.regex(stdout, /victor-hugo +2 +· +1 +· +1/u)
  t.regex(stdout, /✗ victor-hugo\/b204-01\n +geogebra needs what no repository has\./u)
  for (const what of [/Commit a correction/u, /rollout abort --why/u, /rollout\s+resume --why/u])
    t.regex(stdout, what)
  t.notRegex(stdout, /→[^→]*rollback/u, 'there is nothing to go back to')
  const told = json(await run('rollout', 'status', '--json'))
  t.like(told, { phase: 'paused', by: 'failures', code: 'too-many-failures', total: { failed: 1 } })
  t.deepEqual(told.failures, [
    {
      code: 'unsatisfiable',
      message: 'geogebra needs what no repository has.',
      machines: ['victor-hugo/b204-01'],
    },
  ])
  t.like(told.lycees[0], { lycee: 'victor-hugo', counts: { failed: 1, pending: 1 } })

  const status = await run('status')
  t.regex(status.stdout, /✗ Rollout of .*stopped itself[\s\S]*proviseur rollout status tells more/u)
  t.like(json(await run('status', '--json')).rollout, { phase: 'paused', total: { failed: 1 } })
  const explained = (await run('explain', 'b204-01')).stdout
  t.regex(explained, /rollout of folder:\S+, wave 1 of 2: it failed/u)
  t.regex((await run('explain', 'a1-01')).stdout, /wave 2 of 2: its wave is not open yet/u)
})

/** Before the others: a running `up` has seconds to take an order up, and the processor is to be its own. */
test.serial(
  'an order is taken up by a running up within seconds, and each leaves its line in the log',
  async (t) => {
    const { folder, run } = await park(t)
    const hears = Promise.withResolvers<void>()
    const second = Promise.withResolvers<void>()
    let stop = (): void => undefined
    const running = startProviseur(['up', folder, '--json'], {
      watch: (output, signal) => {
        stop = () => signal('SIGINT')
        const begun = output.split('"news":"under-way"').length - 1
        if (begun > 0) hears.resolve()
        if (begun > 1) second.resolve()
      },
    })
    t.teardown(() => stop())
    await hears.promise
    const before = json(await run('rollout', 'status', '--json'))
    const paused = await run('rollout', 'pause', '--why', 'exam', '--who', 'claire')
    t.is(paused.code, 0, paused.stderr)
    t.regex(paused.stdout, /✓ The rollout of folder:\S+ is paused/u)
    t.like(json(await run('rollout', 'status', '--json')), { phase: 'paused', by: 'person', who: 'claire' })
    t.regex((await run('status')).stdout, /‖ Rollout of .* The rollout was paused by claire: exam/u)
    const twice = await run('rollout', 'pause', '--why', 'exam', '--json')
    t.is(twice.code, 1)
    t.is(json(twice).error.code, 'rollout-paused-already')

    t.like(json(await run('rollout', 'resume', '--why', 'over', '--json')), {
      takenUp: true,
      phase: 'running',
    })
    const poste = samplePark()['roles/poste.yaml'] ?? ''
    await writeFiles(folder, { 'roles/poste.yaml': poste.replace('present', 'latest') })
    await second.promise
    const back = json(await run('rollout', 'rollback', '--why', 'wrong one', '--json'))
    t.like(back, { takenUp: true, base: before.revision })
    // First it is known who was begun on what is taken back: the way back begins a step later.
    const returning = await until('way back', async () => {
      const status = json(await run('rollout', 'status', '--json'))
      return status.isRollback && status
    })
    t.like(returning, { revision: before.revision })
    t.regex((await run('rollout', 'status')).stdout, /Back to folder:/u)
    t.deepEqual(
      json(await run('rollout', 'history', '--json')).rollouts.map(({ phase }: { phase: string }) => phase),
      ['done', 'rolled-back', 'superseded'],
    )
    stop()
    const { stdout } = await running
    const news = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .filter(({ kind }) => kind === 'rollout')
      .map((one) => one.news)
    t.deepEqual(news.slice(0, 5), [
      'under-way',
      'rollout-paused',
      'rollout-resumed',
      'rollout-ended',
      'under-way',
    ])
    const log = (await run('log', '--json')).stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    t.deepEqual(
      log.filter(({ kind }) => kind === 'rollout-ordered').map(({ data }) => data.order),
      ['pause', 'resume', 'rollback'],
    )
    t.is(log.find(({ kind }) => kind === 'rollout-ordered').actor, 'claire')
  },
)

test('without a running up an order waits, is shown, and is taken up by the next', async (t) => {
  const { run } = await begun(t)
  const ordered = await run('rollout', 'abort', '--why', 'printers later', '--who', 'claire')
  t.is(ordered.code, 0)
  t.regex(ordered.stdout, /○ Ordered\. No proviseur up has taken it up yet/u)
  t.regex((await run('rollout', 'status')).stdout, /○ Abort: ordered by claire/u)
  t.like(json(await run('rollout', 'status', '--json')).orders[0], { kind: 'abort', why: 'printers later' })
  await run('up', '--once')
  const { stdout } = await run('rollout', 'status')
  t.regex(stdout, /^○ Rollout of folder:\S+ aborted by claire: printers later/u)
  t.regex(stdout, /room b204 .* stopped\n.* never opened/u)
  t.regex(stdout, /not begun again: commit a correction/u)
  t.regex((await run('rollout', 'history')).stdout, / 3 +aborted by claire: printers later/u)
  t.like(json(await run('rollout', 'history', '--json')).rollouts, [
    { phase: 'aborted', who: 'claire', why: 'printers later' },
  ])
  t.regex((await run('status')).stdout, /aborted by claire[\s\S]*proviseur rollout status tells more/u)
})

const senseless: readonly (readonly [string, readonly string[], number, string])[] = [
  ['an approval that nobody asked for', ['approve'], 1, 'nothing-to-approve'],
  ['going on with what is not paused', ['resume', '--why', 'x'], 1, 'rollout-not-paused'],
  ['going back from the first revision', ['rollback', '--why', 'x'], 1, 'nothing-to-go-back-to'],
  ['a pause without a reason', ['pause'], 64, 'why-missing'],
  ['an end without a reason', ['abort', '--why', ' '], 64, 'why-missing'],
]

test('an order that makes no sense is refused at once, and none is left behind', async (t) => {
  const { run } = await begun(t)
  for (const [what, args, code, reason] of senseless) {
    const ran = await run('rollout', ...args, '--json')
    t.is(ran.code, code, what)
    t.is(json(ran).error.code, reason, what)
  }
  t.deepEqual(json(await run('rollout', 'status', '--json')).orders, [])
})

test('before the first up there is no rollout to ask for', async (t) => {
  const { run } = await park(t)
  for (const command of ['status', 'history', 'approve'])
    t.is(json(await run('rollout', command, '--json')).error.code, 'no-store', command)
  await run('pause', 'park', '--why', 'not yet')
  for (const command of ['status', 'approve'])
    t.is(json(await run('rollout', command, '--json')).error.code, 'no-rollout', command)
})
