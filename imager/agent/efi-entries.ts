/** Our entry among the firmware's boot entries: after the network, before the rest, and no other is touched. */
import { run, said } from './command.ts'
import { loaderPath } from './esp.ts'

export const entryName = 'Proviseur'

export type EfiEntries = {
  /** Four hex digits each, first to be started first. */
  readonly order: readonly string[]
  readonly entries: readonly { readonly number: string; readonly name: string; readonly path: string }[]
}

/** efibootmgr(8), `-v`: `BootOrder: 0001,0000` and `Boot0001* Name<tab>Path`. */
export const parseEntries = (text: string): EfiEntries => ({
  order: /^BootOrder: ([0-9A-F,]+)/m.exec(text)?.[1]?.split(',') ?? [],
  entries: [...text.matchAll(/^Boot([0-9A-F]{4})[* ] ?([^\t\n]*)\t?(.*)$/gm)].map(
    ([, number = '', name = '', path = '']) => ({ number, name: name.trim(), path }),
  ),
})

/** Network cards show as `MAC(…)` in an entry's path; some firmware hides the path, but not the name. */
const isNetwork = ({ name, path }: EfiEntries['entries'][number]): boolean =>
  /MAC\(/.test(path) || /\b(?:PXE|IPv[46]|HTTP|LAN|Network)/i.test(name)

/**
 * The order with ours in its place; undefined: it stands right already. The site server is asked first wherever the firmware does so,
 * and the others keep their order among themselves.
 */
export function orderWith({ order, entries }: EfiEntries, ours: string): readonly string[] | undefined {
  const others = order.filter((number) => number !== ours)
  const network = entries.filter(isNetwork).map(({ number }) => number)
  const lastNetwork = others.findLastIndex((number) => network.includes(number))
  const wanted = others.toSpliced(lastNetwork + 1, 0, ours)
  return wanted.join() === order.join() ? undefined : wanted
}

/**
 * Best effort: firmware without room, or a PC not started by UEFI, still finds `EFI/BOOT/BOOTX64.EFI`. What went wrong is for the
 * screen; undefined: all is well.
 */
export async function ensureEntry(
  disk: string,
  esp: { readonly number: number; readonly guid?: string },
): Promise<string | undefined> {
  const listed = await run('efibootmgr', ['-v'])
  if (listed.exitCode !== 0) return said('efibootmgr', listed)
  const isOurs = ({ name, path }: EfiEntries['entries'][number]) =>
    name === entryName && (esp.guid === undefined || path.toUpperCase().includes(esp.guid.toUpperCase()))
  let known = parseEntries(listed.stdout)
  if (!known.entries.some(isOurs)) {
    const at = ['--disk', disk, '--part', `${esp.number}`]
    const made = await run('efibootmgr', [
      '--create-only',
      ...at,
      '--label',
      entryName,
      '--loader',
      loaderPath,
    ])
    if (made.exitCode !== 0) return said('efibootmgr', made)
    const relisted = await run('efibootmgr', ['-v'])
    known = parseEntries(relisted.stdout)
  }
  const ours = known.entries.find(isOurs)
  if (ours === undefined) return `efibootmgr: no entry ${entryName}`
  const order = orderWith(known, ours.number)
  if (order === undefined) return undefined
  const ordered = await run('efibootmgr', ['--bootorder', order.join(',')])
  return ordered.exitCode === 0 ? undefined : said('efibootmgr', ordered)
}
