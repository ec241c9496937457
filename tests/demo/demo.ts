/**
 * The main job before a newcomer's eyes: a lycée of six real PCs, each wrong in its own way, put right from the first commit,
 * kept right after the second, and healed when somebody breaks one. Started by bin/demo; it ends by itself and leaves nothing.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { say } from '../../specs/text.ts'
import { must, run } from '../lab/command.ts'
import { createLab, type Lab, LabUnavailable } from '../lab/lab.ts'
import { firstCommit, lycee, secondCommit } from './lycee.ts'
import { type Narrator, narrator, seconds, viewersLocale } from './narrator.ts'

const proviseur = join(import.meta.dirname, '../../bin/proviseur')
/** Long enough for the slowest machine that may run the demo; reached only when something is broken. */
const PATIENCE_MS = 300_000

type Stage = {
  readonly lab: Lab
  readonly park: string
  readonly voice: Narrator
  readonly signal: AbortSignal
}

const voice = narrator(viewersLocale(process.env), process.stdout)
process.exitCode = await main(voice)

async function main(voice: Narrator): Promise<number> {
  const stopping = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort())
  const park = await mkdtemp(join(tmpdir(), 'proviseur-demo-'))
  try {
    await play(park, voice, stopping.signal)
    return 0
  } catch (error) {
    if (stopping.signal.aborted) return 130
    if (!(error instanceof LabUnavailable)) throw error
    voice.tell(error.text)
    return 1
  } finally {
    await rm(park, { recursive: true, force: true })
  }
}

async function play(park: string, voice: Narrator, signal: AbortSignal): Promise<void> {
  const started = performance.now()
  voice.chapter(
    say(
      'A lycée of six PCs in two rooms, all of them wrong',
      'Un lycée de six postes dans deux salles, tous non conformes',
    ),
  )
  await using lab = await createLab({ ...lycee, tell: (text) => voice.show(text[voice.locale]) })
  const stage: Stage = { lab, park, voice, signal }
  await showPcs(stage)
  await commitFirst(stage)
  const up = startUp(stage)
  try {
    await whileRunning(up, putRight(stage))
    await whileRunning(up, changeSpecs(stage))
    await whileRunning(up, breakOne(stage))
  } finally {
    await stop(up)
  }
  await askWhy(stage)
  const text = seconds(performance.now() - started)
  voice.tell(
    say(`Done in ${text.en}. Nothing is left running.`, `Terminé en ${text.fr}. Plus rien ne tourne.`),
  )
}

/** What each PC is, read from the PC itself. */
async function showPcs({ lab, voice }: Stage): Promise<void> {
  for (const pc of lab.pcs) {
    if (pc.state !== 'on') {
      voice.show(`${pc.name}  ${say('switched off', 'éteint')[voice.locale]}`)
      continue
    }
    const packages: string[] = []
    for (const name of new Set(lycee.packages?.map((it) => it.name))) {
      const version = await pc.installed(name)
      if (version !== undefined) packages.push(`${name} ${version}`)
    }
    const hostname = (await pc.exec('hostname')).trim()
    const named =
      hostname === pc.name ? '' : ` (${say('calls itself', 'se nomme')[voice.locale]} ${hostname})`
    voice.show(`${pc.name}${named}  ${packages.join(', ') || '—'}`)
  }
}

async function commitFirst(stage: Stage): Promise<void> {
  const { lab, park, voice } = stage
  voice.chapter(
    say('The first commit says what they should be', 'Le premier commit dit ce qu’ils doivent être'),
  )
  await must('git', ['init', '-q', '-b', 'main', park])
  await lab.writePark(park, firstCommit)
  await commit(park, say('The lycée as it should be', 'Le lycée tel qu’il doit être')[voice.locale])
  voice.show(await must('git', ['-C', park, 'ls-files']))
  await command(stage, ['check', park])
  await command(stage, ['plan', park])
}

/** `proviseur up` as a technician runs it; its progress goes to the viewer's terminal. */
function startUp({ lab, park, voice }: Stage): ChildProcess {
  voice.chapter(say('proviseur up', 'proviseur up'))
  return spawn(
    proviseur,
    [
      'up',
      park,
      '--rev',
      'main',
      '--interval',
      '5s',
      '--ssh-key',
      lab.privateKeyFile,
      '--lang',
      voice.locale,
    ],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  )
}

async function putRight(stage: Stage): Promise<void> {
  const took = await converged(stage)
  stage.voice.tell(
    say(`All six PCs are as wanted, after ${took.en}.`, `Les six postes sont conformes, en ${took.fr}.`),
  )
}

async function changeSpecs(stage: Stage): Promise<void> {
  const { lab, park, voice } = stage
  voice.chapter(
    say(
      'A second commit: a package more for b204, another proxy for all',
      'Un second commit : un paquet de plus en b204, un autre proxy pour tous',
    ),
  )
  await must('git', ['-C', park, 'switch', '-q', '-c', 'tuxmath'])
  await lab.writePark(park, secondCommit)
  await commit(park, say('tuxmath in b204, new proxy', 'tuxmath en b204, nouveau proxy')[voice.locale])
  voice.tell(
    say(
      'On a branch first: this is what the pull request shows.',
      'D’abord sur une branche : voici ce que montre la demande de fusion.',
    ),
  )
  await command(stage, ['plan', park, '--base', 'main', '--rev', 'tuxmath'])
  voice.tell(say('Merged.', 'Fusionné.'))
  await must('git', ['-C', park, 'switch', '-q', 'main'])
  await must('git', ['-C', park, 'merge', '-q', '--ff-only', 'tuxmath'])
  const took = await converged(stage)
  voice.tell(say(`Converged again, after ${took.en}.`, `De nouveau conformes, en ${took.fr}.`))
}

async function breakOne(stage: Stage): Promise<void> {
  const { lab, voice } = stage
  voice.chapter(
    say('Somebody removes geogebra from b204-02 by hand', 'Quelqu’un retire geogebra de b204-02 à la main'),
  )
  const pc = lab.pc('b204-02')
  await pc.exec('apt-get remove -y -q geogebra')
  const removed = performance.now()
  await until(stage, async () => (await pc.installed('geogebra')) !== undefined)
  const took = seconds(performance.now() - removed)
  voice.tell(
    say(
      `Healed after ${took.en}: geogebra ${await pc.installed('geogebra')} is back.`,
      `Réparé en ${took.fr} : geogebra ${await pc.installed('geogebra')} est de retour.`,
    ),
  )
  await converged(stage)
}

async function askWhy(stage: Stage): Promise<void> {
  const { park, voice } = stage
  voice.chapter(
    say(
      'Why is this PC as it is? Where was that written?',
      'Pourquoi ce poste est-il ainsi ? Où est-ce écrit ?',
    ),
  )
  await command(stage, ['explain', 'b204-02', '--park', park])
  voice.chapter(say('And the whole lycée', 'Et tout le lycée'))
  await command(stage, ['status', park])
}

async function commit(park: string, subject: string): Promise<void> {
  const author = ['-c', 'user.name=Claire Martin', '-c', 'user.email=claire.martin@region.example']
  await must('git', ['-C', park, ...author, 'add', '--all'])
  await must('git', ['-C', park, ...author, 'commit', '-q', '-m', subject])
}

/** Runs one command of ours and shows it as it would look in a terminal. */
async function command({ voice }: Stage, args: readonly string[]): Promise<void> {
  voice.show(`$ proviseur ${args.map((arg) => arg.replace(/.*proviseur-demo-\w+/, '.')).join(' ')}`)
  const { stdout, stderr } = await run(proviseur, [...args, '--lang', voice.locale])
  voice.show(stdout + stderr)
}

/** Waits until `status` says that every machine is as the newest commit wants it. */
async function converged(stage: Stage): Promise<ReturnType<typeof seconds>> {
  const { lab, park, voice } = stage
  const started = performance.now()
  const head = (await must('git', ['-C', park, 'rev-parse', 'HEAD'])).trim()
  await until(stage, async () => {
    const stdout = await must(proviseur, ['status', park, '--json', '--lang', voice.locale])
    const status = JSON.parse(stdout) as { revision: string; counts: { converged: number } }
    return status.revision === head && status.counts.converged === lab.pcs.length
  })
  return seconds(performance.now() - started)
}

async function until({ signal }: Stage, holds: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS
  while (!(await holds())) {
    if (performance.now() > deadline)
      throw new Error('the demo waited too long: see above what holds the PCs')
    await pause(500, undefined, { signal })
  }
}

/** Follows a step, but not if `up` ends, which it should not. */
async function whileRunning<T>(up: ChildProcess, step: Promise<T>): Promise<T> {
  const ended = new Promise<never>((_, reject) => {
    if (up.exitCode !== null) reject(new Error(`proviseur up ended with ${up.exitCode}`))
    up.once('exit', (code) => reject(new Error(`proviseur up ended with ${code}`)))
  })
  return Promise.race([step, ended])
}

async function stop(up: ChildProcess): Promise<void> {
  if (up.exitCode !== null || up.signalCode !== null) return
  const ended = new Promise((resolve) => up.once('exit', resolve))
  up.kill('SIGINT')
  await ended
}
