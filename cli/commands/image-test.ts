import { readdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { exportImage } from '../../imaging/export-image.ts'
import type { ImageStore } from '../../imaging/folder-store.ts'
import { findImage } from '../../imaging/image-contents.ts'
import { type TrialFirmware, trialFirmwares, writeTrial } from '../../imaging/trial-record.ts'
import { type Accelerator, findAccelerator } from '../../providers/imaging/trial/accelerator.ts'
import { isPrivateKey } from '../../providers/imaging/trial/login-check.ts'
import { type TrialEnd, tryImage } from '../../providers/imaging/trial/trial.ts'
import { type TrialDisk, trialDisks } from '../../providers/imaging/trial/trial-pc.ts'
import { parseDuration } from '../../specs/duration.ts'
import { say, type Text } from '../../specs/text.ts'
import type { Run } from '../catalogue/entry.ts'
import type { Context } from '../context.ts'
import { type ExitCode, exitCode } from '../exit.ts'
import type { Given } from '../given.ts'
import { wrongDuration } from '../given-moment.ts'
import { withImages, withScratch } from '../images/image-store.ts'
import { createByteProgress } from '../images/progress.ts'
import { readPrivateKey } from '../management-files.ts'
import { isFile } from '../place.ts'
import { ok, type Result, refuse } from '../result.ts'
import { stopOnSignals } from '../stopping.ts'

type Found = Extract<Awaited<ReturnType<typeof findImage>>, { ok: true }>['value']

type Trying = {
  readonly images: ImageStore
  readonly found: Found
  readonly firmwares: readonly TrialFirmware[]
  readonly attached: TrialDisk
  readonly timeoutMs: number
  readonly sshKey: string | undefined
  readonly accelerator: Accelerator
  readonly signal: AbortSignal
}

const defaultTimeout = '10m'

export const run: Run = (context, given) =>
  withImages(context, given, async (place, images) => {
    const timeoutMs = parseDuration(given.value('timeout') ?? defaultTimeout)
    if (timeoutMs === undefined)
      return context.fail(wrongDuration('timeout', given.value('timeout') ?? '').reason, exitCode.usage)
    const found = await findImage(images, given.argument(0) ?? '')
    if (!found.ok) return context.fail({ code: found.code, message: found.message })
    const sshKey = await readKey(context, given)
    if (!sshKey.ok) return context.fail(sshKey.reason)
    const named = trialFirmwares.find((one) => one === given.value('firmware'))
    const firmwares = named === undefined ? found.value.manifest.firmware : [named]
    const attached = trialDisks.find((one) => one === given.value('disk')) ?? 'sata'
    const accelerator = await findAccelerator(await probeKernel(place.state))
    const stopping = stopOnSignals()
    const { signal } = stopping
    try {
      const trying = {
        images,
        found: found.value,
        firmwares,
        attached,
        timeoutMs,
        sshKey: sshKey.value,
        accelerator,
        signal,
      }
      return await withScratch(join(place.state, 'scratch'), (scratch) => tryAll(context, trying, scratch))
    } catch (thrown) {
      if (!signal.aborted) throw thrown
      return context.fail(interrupted, exitCode.interrupted)
    } finally {
      stopping.release()
    }
  })

const tryAll = async (context: Context, trying: Trying, scratch: string): Promise<ExitCode> => {
  const { images, found, accelerator, signal, timeoutMs, sshKey } = trying
  const { clock } = context
  const ended: { readonly firmware: TrialFirmware; readonly end: TrialEnd }[] = []
  for (const firmware of trying.firmwares) {
    // Each trial writes to its disk: the next one begins with a fresh one.
    const disk = join(scratch, `${firmware}.raw`)
    const progress = createByteProgress(context)
    const onProgress = (done: number, total: number): void => progress.show(found.label, done, total)
    const written = await exportImage(images, found.manifest, disk, onProgress, signal)
    progress.close()
    if (!written.ok) return context.fail({ code: written.code, message: written.message })
    progress.note(starting(firmware, accelerator))
    const end = await tryImage({
      disk,
      attached: trying.attached,
      folder: scratch,
      firmware,
      accelerator,
      timeoutMs,
      clock,
      ...(sshKey === undefined ? {} : { sshKey }),
      signal,
    })
    await rm(disk)
    if (!end.ok) return context.fail({ code: end.code, message: end.message })
    const { passed, seconds } = end.value
    const noted = await writeTrial(images, found.digest, { firmware, passed, seconds, at: clock.now() })
    if (!noted.ok) return context.fail({ code: noted.code, message: noted.message })
    ended.push({ firmware, end: end.value })
    if (!context.json) tell(context, firmware, end.value)
  }
  if (context.json) {
    context.writeJson({
      image: found.label,
      digest: `sha256:${found.digest}`,
      accelerator: accelerator.kind,
      disk: trying.attached,
      trials: ended.map(({ firmware, end }) => ({ firmware, ...end })),
    })
  }
  return ended.every(({ end }) => end.passed) ? exitCode.done : exitCode.failed
}

const tell = ({ out, text }: Context, firmware: TrialFirmware, end: TrialEnd): void => {
  const { colors } = out
  if (end.passed) {
    out.line(`${colors.green('✓')} ${firmware}  ${text(passed(end))}`)
    return
  }
  out.line(`${colors.red('✗')} ${firmware}  ${text(notPassed(end))}`)
  for (const line of end.lastWords.split('\n').slice(-12)) out.line(colors.dim(`    ${line}`))
}

const readKey = async (context: Context, given: Given): Promise<Result<string | undefined>> => {
  const word = given.value('ssh-key')
  if (word === undefined) return ok(undefined)
  const path = resolve(context.cwd, word)
  const key = await readPrivateKey(path)
  if (!key.ok || isPrivateKey(key.value)) return key
  return refuse(
    'key-unreadable',
    say(
      `${path} is a key of a kind that cannot be used here. Make another: ssh-keygen -t ed25519 -N '' -f ${path}`,
      `${path} est une clé d’un type inutilisable ici. Créez-en une autre\u00a0: ssh-keygen -t ed25519 -N '' -f ${path}`,
    ),
  )
}

/** Any kernel shows whether KVM works: that of the imager, else this computer's own. */
const probeKernel = async (state: string): Promise<string | undefined> => {
  const own = join(state, 'boot/vmlinuz')
  if (await isFile(own)) return own
  const names = await readdir('/boot').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'EACCES') throw error
    return []
  })
  const newest = names
    .filter((name) => name.startsWith('vmlinuz-'))
    .sort()
    .at(-1)
  return newest === undefined ? undefined : join('/boot', newest)
}

const starting = (firmware: TrialFirmware, { kind }: Accelerator): Text =>
  kind === 'kvm'
    ? say(`Starting it in a virtual PC: ${firmware}.`, `Démarrage dans un poste virtuel\u00a0: ${firmware}.`)
    : say(
        `Starting it in a virtual PC: ${firmware}. KVM does not work here, so it takes minutes.`,
        `Démarrage dans un poste virtuel\u00a0: ${firmware}. KVM ne fonctionne pas ici\u00a0: cela prend plusieurs minutes.`,
      )

const passed = ({ seconds, by }: TrialEnd): Text =>
  by === 'ssh'
    ? say(`SSH answers after ${seconds} s`, `SSH répond après ${seconds} s`)
    : say(`asks for a login after ${seconds} s`, `invite à se connecter après ${seconds} s`)

const notPassed = ({ seconds }: TrialEnd): Text =>
  say(
    `no login within ${seconds} s; the last that it wrote on its serial line:`,
    `pas d’invite de connexion en ${seconds} s\u00a0; la fin de ce qu’il a écrit sur sa liaison série\u00a0:`,
  )

const interrupted = {
  code: 'interrupted',
  message: say('Interrupted. Nothing was noted.', 'Interrompu. Rien n’a été noté.'),
}
