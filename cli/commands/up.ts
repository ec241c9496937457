import { resolve } from 'node:path'
import { createLoop, type Loop } from '../../reconciler/loop/loop.ts'
import type { LoopConfig } from '../../reconciler/loop/loop-parts.ts'
import type { Source } from '../../reconciler/ports.ts'
import { parseDuration } from '../../specs/duration.ts'
import { say } from '../../specs/text.ts'
import type { Run } from '../catalogue/entry.ts'
import type { Context } from '../context.ts'
import { type ExitCode, exitCode } from '../exit.ts'
import type { Given } from '../given.ts'
import { wrongDuration } from '../given-moment.ts'
import { readOrigin } from '../images/origin.ts'
import { identityPath, keyPath, readPrivateKey } from '../management-files.ts'
import { printDiagnostics } from '../output/diagnostics.ts'
import { newOwner, releaseTheDead } from '../owner.ts'
import { locate, type Place } from '../place.ts'
import type { View } from '../progress/happening.ts'
import { createJsonView } from '../progress/json-lines.ts'
import { createLinesView } from '../progress/lines.ts'
import { createLiveView } from '../progress/live.ts'
import { createNarrator } from '../progress/narrator.ts'
import { createProvider } from '../provider.ts'
import { ok, type Result, refuse } from '../result.ts'
import { createSecretOpener } from '../secrets.ts'
import { publicLineOf } from '../site/public-line.ts'
import { openSite } from '../site/site.ts'
import { openSource } from '../sources/open.ts'
import { openStoreAt } from '../state.ts'
import { stopOnSignals } from '../stopping.ts'

const defaultIntervalMs = 5 * 60_000
const defaultConcurrency = 32

export const run: Run = async (context, given) => {
  const settings = readSettings(given, context)
  if (!settings.ok) return context.fail(settings.reason, exitCode.usage)
  const imagesFrom = readOrigin(given, 'images-from')
  if (!imagesFrom.ok) return context.fail(imagesFrom.reason, exitCode.usage)
  const place = await locate(context, given, given.argument(0))
  if (!place.ok) return context.fail(place.reason)
  const rev = given.value('rev')
  const view = openView(context)
  const source = await openSource(place.value, rev, (error) =>
    view.show({ kind: 'trouble', reason: notWatched(error) }),
  )
  if (!source.ok) return context.fail(source.reason)
  const keyFile = given.value('ssh-key')
  const privateKey = await readPrivateKey(
    keyFile === undefined ? keyPath(place.value.state) : resolve(context.cwd, keyFile),
  )
  if (!privateKey.ok) return context.fail(privateKey.reason)
  const identity = given.value('age-identity')
  const identityFile =
    identity === undefined ? identityPath(place.value.state) : resolve(context.cwd, identity)

  return reconcile(context, {
    place: place.value,
    source: source.value,
    view,
    config: settings.value,
    privateKey: privateKey.value,
    identityFile,
    once: given.flag('once'),
    onlySite: given.value('site'),
    imagesFrom: imagesFrom.value,
    sourceName: rev === undefined ? place.value.folder : `${place.value.folder} (${rev})`,
  })
}

type Work = {
  readonly place: Place
  readonly source: Source
  readonly view: View
  readonly config: LoopConfig
  readonly privateKey: string
  readonly identityFile: string
  readonly once: boolean
  readonly onlySite: string | undefined
  readonly imagesFrom: string | undefined
  readonly sourceName: string
}

const reconcile = async (context: Context, work: Work): Promise<ExitCode> => {
  const { view, source, config } = work
  const store = await openStoreAt(work.place)
  const owner = newOwner()
  const openSecret = createSecretOpener(work.identityFile)
  await releaseTheDead(store)
  const reached = createProvider({
    store,
    clock: context.clock,
    privateKey: work.privateKey,
    openSecret,
    observer: owner,
  })
  const stopping = stopOnSignals(() => view.show({ kind: 'stopping' }))
  let loop: Loop | undefined
  const site = await openSite({
    place: work.place,
    store,
    clock: context.clock,
    observer: owner,
    managementKeys: [publicLineOf(work.privateKey)],
    only: work.onlySite,
    kernelOptions: words(context.env['PROVISEUR_KERNEL_OPTIONS']),
    imagesFrom: work.imagesFrom,
    openSecret,
    trouble: (reason) => view.show({ kind: 'trouble', reason }),
    look: (machine) => loop?.look(machine),
    wake: () => loop?.wake(),
  })
  try {
    if (!site.ok) return context.fail(site.reason)
    const sound = await tellBroken(context, source, view)
    if (!sound && work.once && (await store.target()) === undefined) return exitCode.failed
    view.show({ kind: 'started', source: work.sourceName, store: printableUrl(work.place.storeUrl) })
    const narrator = createNarrator(view)
    loop = createLoop({
      store,
      source,
      provider: site.value.disks(reached),
      images: site.value.images,
      awaited: site.value.awaited,
      clock: context.clock,
      random: Math.random,
      owner,
      config,
      onProgress: (progress) => {
        site.value.hear(progress)
        narrator.tell(progress)
      },
    })
    if (!work.once) {
      await loop.run(stopping.signal)
      view.show({ kind: 'finished', result: 'stopped', ...narrator.counts() })
      return exitCode.done
    }
    const result = await loop.once(stopping.signal)
    const current = sound && !narrator.refused()
    const end = stopping.signal.aborted ? 'stopped' : current ? result : 'blocked'
    view.show({ kind: 'finished', result: end, ...narrator.counts() })
    return end === 'converged' ? exitCode.done : exitCode.blocked
  } finally {
    if (site.ok) await site.value.stop()
    view.close()
    await reached.close()
    await store.close()
    stopping.release()
  }
}

/** False: the newest revision has errors, which were told; machines keep what they were to have before. */
const tellBroken = async (context: Context, source: Source, view: View): Promise<boolean> => {
  const { revision, desired, diagnostics } = await source.read()
  if (desired !== undefined) return true
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  const places = errors.map((one) => `${one.file}:${one.line}:${one.column}: ${one.message[context.locale]}`)
  const reason = { code: 'park-broken', message: nothingApplied }
  if (context.json) {
    const detail = places.slice(0, 20).join('\n')
    view.show({ kind: 'revision-refused', revision, reason: { ...reason, detail } })
  } else {
    printDiagnostics(errors, context.locale, context.err)
    context.fail(reason)
  }
  return false
}

const nothingApplied = say(
  'The park has errors: nothing of it is applied before they are corrected.',
  'Le parc contient des erreurs\u00a0: rien n’en est appliqué tant qu’elles ne sont pas corrigées.',
)

const openView = ({ json, locale, out, clock }: Context): View => {
  if (json) return createJsonView(locale, out, () => clock.now())
  if (out.interactive) return createLiveView(locale, out)
  return createLinesView(locale, out, () => new Date(clock.now()))
}

const readSettings = (given: Given, context: Context): Result<LoopConfig> => {
  const interval = given.value('interval')
  const intervalMs = interval === undefined ? defaultIntervalMs : parseDuration(interval)
  if (intervalMs === undefined) return wrongDuration('interval', interval ?? '')
  const concurrency = Number(given.value('concurrency') ?? defaultConcurrency)
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > 1024) {
    return refuse(
      'wrong-concurrency',
      say('--concurrency is a number from 1 to 1024.', '--concurrency est un nombre de 1 à 1024.'),
    )
  }
  return ok({
    passEveryMs: Math.min(intervalMs, 60_000),
    observeEveryMs: intervalMs,
    // One look that came late or failed does not make what is known of a machine old.
    freshMs: 2 * intervalMs + 60_000,
    observeConcurrency: concurrency,
    requestsEveryMs: 1_000,
    actor: context.who,
  })
}

const words = (text: string | undefined): readonly string[] =>
  (text ?? '').split(/\s+/u).filter((word) => word !== '')

/** A PostgreSQL address may hold a password. */
const printableUrl = (url: string): string => url.replace(/^(postgres(?:ql)?:\/\/[^:@/]+):[^@/]*@/u, '$1:…@')

const notWatched = (error: Error) => ({
  code: 'not-watched',
  message: say(
    'Changes of the park cannot be watched as they happen; they are seen at the next pass. On Linux, raise fs.inotify.max_user_watches.',
    'Les modifications du parc ne peuvent pas être suivies en direct\u00a0; elles seront vues au prochain passage. Sous Linux, relevez fs.inotify.max_user_watches.',
  ),
  detail: error.message,
})
