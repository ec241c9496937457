/** A lab's lycée under Proviseur's care: its park in a Git repository, its store, and the commands that work on them. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { proviseur, type Ran } from '../cli/command.ts'
import { must } from './command.ts'
import type { Lab } from './lab.ts'
import type { ParkOptions, SpecFields } from './park.ts'
import { startUp, type Up } from './running-up.ts'

export type ManagedLycee = {
  /** The park's work tree. */
  readonly park: string
  /** Where store and keys are. */
  readonly state: string
  /** Writes the specs and commits them on main; returns the commit. Called again, it replaces what it wrote. */
  readonly commit: (specs: ParkOptions, subject?: string) => Promise<string>
  /** Starts `proviseur up` on main. All that still run are killed by `dispose`. */
  readonly up: (...args: readonly string[]) => Up
  /** Runs another command to its end. */
  readonly run: (...args: readonly string[]) => Promise<Ran>
  /** Runs a command with --json that must succeed, and returns what it printed. */
  readonly json: <T>(...args: readonly string[]) => Promise<T>
  /** The audit log, oldest first. */
  readonly log: () => Promise<readonly LogEvent[]>
  readonly status: () => Promise<StatusJson>
  readonly dispose: () => Promise<void>
}

export type LogEvent = {
  readonly seq: number
  readonly kind: string
  readonly machine?: string
  readonly revision?: string
  readonly message: string
  readonly data?: { readonly action?: string; readonly [field: string]: unknown }
}

export type StatusJson = {
  readonly revision: string
  readonly counts: Readonly<Record<string, number>>
  readonly machines: readonly MachineStatus[]
}

export type MachineStatus = {
  readonly machine: string
  readonly reach?: string
  readonly decision: string
  readonly gate?: string
  readonly code?: string
  readonly message?: string
  readonly detail?: string
  readonly changes: readonly { readonly text: string }[]
}

export async function manageLycee(lab: Lab): Promise<ManagedLycee> {
  const folder = await mkdtemp(join(tmpdir(), 'proviseur-lab-'))
  const park = join(folder, 'park')
  const state = join(folder, 'state')
  const started: Up[] = []
  const git = (...args: readonly string[]): Promise<string> =>
    must('git', [
      '-C',
      park,
      '-c',
      'user.name=Claire Martin',
      '-c',
      'user.email=claire@region.example',
      ...args,
    ])
  await must('git', ['init', '-q', '-b', 'main', park])
  const run = (...args: readonly string[]): Promise<Ran> =>
    proviseur([...args, '--lang', 'en'], { env: { PROVISEUR_PARK: park, PROVISEUR_STATE: state } })
  const json = async <T>(...args: readonly string[]): Promise<T> => {
    const { code, stdout, stderr } = await run(...args, '--json')
    if (code !== 0) throw new Error(`proviseur ${args.join(' ')}: exit ${code}\n${stdout}${stderr}`)
    return JSON.parse(stdout)
  }
  return {
    park,
    state,
    commit: async (specs, subject = 'As it should be') => {
      await lab.writePark(park, specs)
      await git('add', '--all')
      await git('commit', '-q', '--allow-empty', '-m', subject)
      return (await git('rev-parse', 'HEAD')).trim()
    },
    up: (...args) => {
      const place = ['--rev', 'main', '--state', state, '--ssh-key', lab.privateKeyFile, '--interval', '2s']
      const up = startUp([park, ...place, ...args])
      started.push(up)
      return up
    },
    run,
    json,
    log: async () => {
      const { code, stdout, stderr } = await run('log', '--json', '--limit', '5000')
      if (code !== 0) throw new Error(stderr)
      return stdout
        .trim()
        .split('\n')
        .map((line): LogEvent => JSON.parse(line))
    },
    status: () => json<StatusJson>('status'),
    dispose: async () => {
      await Promise.all(started.map((up) => up.kill()))
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The spec files of packages that are called the same by apt. */
export const packageFiles = (...names: readonly string[]): Readonly<Record<string, SpecFields>> =>
  Object.fromEntries(
    names.map((name) => [`packages/${name}.yaml`, { kind: 'Package', name, debian: { apt: name } }]),
  )

/** A role's file. */
export const roleFile = (name: string, fields: SpecFields): Readonly<Record<string, SpecFields>> => ({
  [`roles/${name}.yaml`]: { kind: 'Role', name, ...fields },
})

/** A script's file. */
export const scriptFile = (name: string, fields: SpecFields): Readonly<Record<string, SpecFields>> => ({
  [`scripts/${name}.yaml`]: { kind: 'Script', name, ...fields },
})
