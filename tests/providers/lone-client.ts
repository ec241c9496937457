/**
 * One client of a PC as a process of its own, to be killed: applies the action in the file given to it and prints the outcome.
 * Sessions of `proviseur up` do the same.
 */
import { readFileSync } from 'node:fs'
import type { Action } from '../../reconciler/model/plan.ts'
import type { WantedScript } from '../../specs/desired.ts'
import { makeDesired, makeMachine, makeProvider, site } from './machine.ts'

export type LoneWork = {
  readonly port: number
  readonly hostKey: string
  readonly privateKey: string
  readonly folder: string
  readonly script: WantedScript
  readonly action: Action
}

const work: LoneWork = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'))
const machine = makeMachine({ port: work.port, hostKey: work.hostKey, scripts: [work.script] })
const provider = makeProvider(work.privateKey, work.folder)
const outcome = await provider.apply(
  work.action,
  machine,
  site,
  makeDesired(machine),
  () => {},
  new AbortController().signal,
)
process.stdout.write(JSON.stringify(outcome))
await provider.close()
