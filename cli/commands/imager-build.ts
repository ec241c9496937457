import { join, resolve } from 'node:path'
import { buildBootSet } from '../../imager/ramdisk/build.ts'
import { type BootSet, bootFiles } from '../../imaging/boot-set.ts'
import { formatSize } from '../../specs/size.ts'
import { say, type Text } from '../../specs/text.ts'
import type { Run } from '../catalogue/entry.ts'
import type { Context } from '../context.ts'
import { readPark } from '../desired.ts'
import { exitCode } from '../exit.ts'
import { table } from '../output/table.ts'
import { locate } from '../place.ts'
import { ensureImageKey, ensureSigningKey } from '../signing-keys.ts'
import { makeStateFolder } from '../state.ts'

export const run: Run = async (context, given) => {
  const place = await locate(context, given, given.argument(0))
  if (!place.ok) return context.fail(place.reason)
  const { state } = place.value
  const park = await readPark(context, place.value, undefined)
  if (!park.ok) return context.fail(park.reason)
  await makeStateFolder(state)
  const parkKey = await ensureImageKey(state)
  if (!parkKey.ok) return context.fail(parkKey.reason)
  const siteKey = await ensureSigningKey(state, 'site-signing')
  if (!siteKey.ok) return context.fail(siteKey.reason)

  const out = join(state, 'boot')
  const cache = given.value('cache')
  const built = await buildBootSet({
    out,
    cache: cache === undefined ? join(state, 'cache/imager') : resolve(context.cwd, cache),
    freshness: given.flag('offline') ? 'kept' : 'fresh',
    locale: park.value.desired.park.locale,
    keys: { park: parkKey.value.publicKeyPem, site: siteKey.value.publicKeyPem },
    tell: (step) => tellStep(context, step),
  })
  if (!built.ok) return context.fail(built)
  const { set, changed } = built.value
  if (context.json) context.writeJson({ folder: out, changed, ...set })
  else tell(context, out, set, changed)
  return exitCode.done
}

/** To standard error: standard output is for what was made. */
const tellStep = (context: Context, step: Text): void => {
  if (!context.json) context.err.line(context.err.colors.dim(`${context.text(step)}…`))
}

const tell = ({ out, text, locale }: Context, folder: string, set: BootSet, changed: boolean): void => {
  const { colors } = out
  const version = set.version.slice(0, 12)
  const state = changed
    ? say(`made, version ${version}`, `créé, version ${version}`)
    : say(`up to date, version ${version}`, `à jour, version ${version}`)
  out.line(`${colors.bold(folder)}  ${text(state)}`)
  const size = (bytes: number): string => formatSize(bytes, locale)
  const rows = bootFiles.map((name) => [`  ${name}`, size(set.files[name].bytes), contents(set, name, size)])
  for (const line of table(
    [{ title: '' }, { title: '', align: 'right' }, { title: '' }],
    rows,
    (title) => title,
  ))
    out.line(line)
}

const contents = (set: BootSet, name: string, size: (bytes: number) => string): string => {
  if (name === 'vmlinuz') return `Linux ${set.kernel}`
  if (name !== 'initrd') return ''
  const parts = set.parts.map((part) => `${part.name} ${size(part.bytes)}`)
  return `Node ${set.node}, ${parts.join(' + ')}`
}
