/**
 * The main job before a newcomer's eyes: a lycée of six real PCs, each wrong in its own way, put right from the first commit,
 * kept right after the second, and healed when somebody breaks one; then a seventh, with firmware and an empty disk, is
 * woken, written and joins them. Started by bin/demo; it ends by itself and leaves nothing.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { say } from '../../specs/text.ts'
import { must, run } from '../lab/command.ts'
import { GROUND } from '../lab/ground.ts'
import { createLab, type Lab, LabUnavailable } from '../lab/lab.ts'
import { BOOT_CACHE } from '../lab/vm/boot-files.ts'
import { firstCommit, lycee, secondCommit } from './lycee.ts'
import { type Narrator, narrator, seconds, viewersLocale } from './narrator.ts'
import {
  imageFile,
  layWire,
  needWholePc,
  patienceText,
  prepareDisk,
  seventh,
  thirdCommit,
  unpack,
} from './seventh.ts'

const proviseur = join(import.meta.dirname, '../../bin/proviseur')
/** Long enough for the slowest machine that may run the demo; reached only when something is broken. */
const PATIENCE_MS = 300_000
const DISK_PATIENCE_MS = 1_200_000
const QUICK = '--quick'

type Stage = {
  readonly lab: Lab
  readonly park: string
  readonly voice: Narrator
  readonly signal: AbortSignal
}

const voice = narrator(viewersLocale(process.env), process.stdout)
process.exitCode = await main(voice, process.argv.slice(2))

async function main(voice: Narrator, args: readonly string[]): Promise<number> {
  if (args.some((arg) => arg !== QUICK)) {
    console.error(
      say(
        `bin/demo [${QUICK}]\n  ${QUICK}  six PCs only, without the one whose disk is empty`,
        `bin/demo [${QUICK}]\n  ${QUICK}  six postes seulement, sans celui dont le disque est vide`,
      )[voice.locale],
    )
    return args.includes('--help') ? 0 : 64
  }
  const stopping = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort())
  const park = await mkdtemp(join(tmpdir(), 'proviseur-demo-'))
  try {
    await play(park, voice, stopping.signal, args.includes(QUICK))
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

async function play(park: string, voice: Narrator, signal: AbortSignal, quick: boolean): Promise<void> {
  if (!quick) needWholePc()
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
    if (!quick) await whileRunning(up, addSeventh(stage))
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

/** `proviseur up` as a technician runs it, on the lycée's server; its progress goes to the viewer's terminal. */
function startUp({ lab, park, voice }: Stage): ChildProcess {
  voice.chapter(say('proviseur up', 'proviseur up'))
  const [nsenter, ...enter] = lab.ground.enter
  return spawn(
    nsenter,
    [
      ...[...enter, proviseur, 'up', park, '--rev', 'main', '--interval', '5s'],
      ...['--ssh-key', `${GROUND}/keys/proviseur`, '--lang', voice.locale],
    ],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
      // The seventh PC's screen is its serial line.
      env: { ...process.env, PROVISEUR_KERNEL_OPTIONS: 'console=ttyS0' },
    },
  )
}

async function putRight(stage: Stage): Promise<void> {
  const took = await converged(stage, 6)
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
  const took = await converged(stage, 6)
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
  await converged(stage, 6)
}

/** From a magic packet to a PC like the others. */
async function addSeventh(stage: Stage): Promise<void> {
  const { lab, park, voice } = stage
  voice.chapter(
    say(
      'A seventh PC is delivered: its disk is empty, it is switched off',
      'Un septième poste est livré\u00a0: disque vide, éteint',
    ),
  )
  voice.tell(
    say(
      'The image for it is the disk of a virtual machine: a small Debian. The first time, making it takes some minutes.',
      'Son image est le disque d’une machine virtuelle\u00a0: une petite Debian. La première fois, il faut quelques minutes pour la préparer.',
    ),
  )
  await using wire = await layWire(lab)
  const disk = await prepareDisk(lab, wire, (step) => voice.show(step))
  await must('git', ['-C', park, 'switch', '-q', '-c', seventh.name])
  await lab.writePark(park, thirdCommit(lab))
  await command(stage, ['image', 'import', 'debian@1', disk, '--spec', join(park, imageFile), '--park', park])
  await buildImager(stage)
  await commit(park, say('b204-05, from an image', 'b204-05, depuis une image')[voice.locale])
  await command(stage, ['plan', park, '--base', 'main', '--rev', seventh.name])
  const pc = await unpack(wire)
  voice.tell(await patienceText())
  voice.tell(say('Merged.', 'Fusionné.'))
  await must('git', ['-C', park, 'switch', '-q', 'main'])
  await must('git', ['-C', park, 'merge', '-q', '--ff-only', seventh.name])
  const took = await converged(stage, 7, DISK_PATIENCE_MS)
  voice.tell(
    say(
      `Woken, netbooted, written, started and put right, after ${took.en}. Its own screen ends with:`,
      `Réveillé, démarré par le réseau, écrit, démarré et mis en conformité, en ${took.fr}. Son propre écran se termine par\u00a0:`,
    ),
  )
  voice.show(
    pc.serial
      .trimEnd()
      .split(/[\r\n]+/)
      .slice(-3)
      .join('\n'),
  )
  await command(stage, ['explain', seventh.name, '--park', park])
  await pc.cut()
}

/** With the packages of the last time, if there was one. */
async function buildImager(stage: Stage): Promise<void> {
  const build = ['imager', 'build', stage.park, '--cache', BOOT_CACHE]
  if (!existsSync(BOOT_CACHE) || !(await command(stage, [...build, '--offline']))) await command(stage, build)
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

/** Runs one command of ours and shows it as it would look in a terminal. Whether it did what it was asked to. */
async function command({ park, voice }: Stage, args: readonly string[]): Promise<boolean> {
  const shown = args.map((arg) =>
    arg.replace(/.*proviseur-demo-\w+/, '.').replace(/.*\/\.lab\/(?:.*\/)?/, ''),
  )
  voice.show(`$ proviseur ${shown.join(' ')}`)
  const { exitCode, stdout, stderr } = await run(proviseur, [...args, '--lang', voice.locale], {
    timeoutMs: DISK_PATIENCE_MS,
  })
  // What it tells while it works comes before what it ends with.
  voice.show((stderr + stdout).replaceAll(park, '.'))
  return exitCode === 0
}

/** Waits until `status` says that so many machines, which are all, are as the newest commit wants them. */
async function converged(
  stage: Stage,
  machines: number,
  patienceMs = PATIENCE_MS,
): Promise<ReturnType<typeof seconds>> {
  const { park, voice } = stage
  const started = performance.now()
  const head = (await must('git', ['-C', park, 'rev-parse', 'HEAD'])).trim()
  await until(
    stage,
    async () => {
      const stdout = await must(proviseur, ['status', park, '--json', '--lang', voice.locale])
      const status = JSON.parse(stdout) as { revision: string; counts: { converged: number } }
      return status.revision === head && status.counts.converged === machines
    },
    patienceMs,
  )
  return seconds(performance.now() - started)
}

async function until(
  { signal }: Stage,
  holds: () => Promise<boolean>,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const deadline = performance.now() + patienceMs
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
  // What we started is nsenter, which waits for the only child that it has.
  const [inside] = readFileSync(`/proc/${up.pid}/task/${up.pid}/children`, 'utf8').trim().split(' ')
  if (inside) process.kill(Number(inside), 'SIGINT')
  else up.kill('SIGINT')
  await ended
}
