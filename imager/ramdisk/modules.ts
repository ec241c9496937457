/** The kernel modules that a PC's imager can need, unpacked, with an index of exactly these. */
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Entry } from './cpio.ts'
import { modules } from './recipe.ts'
import { runFrom, type Tree } from './tree.ts'

/** Entries below usr/lib/modules. The modules keep the signatures that Secure Boot's lockdown demands: nothing is cut off them. */
export async function moduleEntries(tree: Tree, workFolder: string): Promise<readonly Entry[]> {
  await depmod(tree, tree.root)
  const source = join(tree.root, 'usr/lib/modules', tree.kernel)
  const chosen = chooseModules(await readIndex(source))
  const work = await mkdtemp(join(workFolder, 'modules-'))
  try {
    const target = join(work, 'lib/modules', tree.kernel)
    for (const path of [...chosen, 'modules.builtin', 'modules.builtin.modinfo', 'modules.order']) {
      await mkdir(dirname(join(target, path)), { recursive: true })
      await copyFile(join(source, path), join(target, path))
    }
    await unpack(tree, target, chosen)
    await depmod(tree, work)
    return await entriesOf(target, `usr/lib/modules/${tree.kernel}`)
  } finally {
    await rm(work, { recursive: true })
  }
}

/** What depmod says of the release's modules. */
export type ModuleIndex = {
  /** File → files that must be loaded before it, directly or not: `modules.dep`. */
  readonly needs: ReadonlyMap<string, readonly string[]>
  /** Module's name → names or aliases that it asks for without linking to them: `modules.softdep`. */
  readonly asks: ReadonlyMap<string, readonly string[]>
  /** Alias (exact, no pattern) → names of modules: `modules.alias`. */
  readonly aliases: ReadonlyMap<string, readonly string[]>
}

/** Files of the wanted modules and of all that they need or ask for. */
export function chooseModules({ needs, asks, aliases }: ModuleIndex): readonly string[] {
  const byName = new Map([...needs.keys()].map((file) => [moduleName(file), file]))
  const chosen = new Set<string>()
  const queue = [...needs.keys()].filter(isWanted)
  for (const file of queue) {
    if (chosen.has(file)) continue
    chosen.add(file)
    queue.push(...(needs.get(file) ?? []))
    for (const asked of asks.get(moduleName(file)) ?? [])
      for (const name of [asked.replace(/-/g, '_'), ...(aliases.get(asked) ?? [])])
        queue.push(...[byName.get(name)].filter((found) => found !== undefined))
  }
  return [...chosen].sort()
}

function isWanted(file: string): boolean {
  const path = file.replace(/^kernel\//, '').replace(/\.ko(\.\w+)?$/, '')
  return (
    modules.wanted.some((pattern) => pattern.test(path)) &&
    !modules.unwanted.some((pattern) => pattern.test(path))
  )
}

/** The kernel's own name: dashes and underscores are one. */
const moduleName = (file: string): string =>
  file
    .replace(/^.*\//, '')
    .replace(/\.ko(\.\w+)?$/, '')
    .replace(/-/g, '_')

async function readIndex(folder: string): Promise<ModuleIndex> {
  const lines = async (name: string): Promise<readonly string[]> =>
    (await readFile(join(folder, name), 'utf8')).split('\n')
  const words = (text: string): string[] => text.split(' ').filter((word) => word !== '')
  const needs = new Map<string, readonly string[]>()
  for (const line of await lines('modules.dep')) {
    const [file, rest] = line.split(':')
    if (file && rest !== undefined) needs.set(file, words(rest))
  }
  const asks = new Map<string, string[]>()
  for (const line of await lines('modules.softdep')) {
    const [keyword, name = '', ...asked] = words(line)
    if (keyword !== 'softdep') continue
    const list = asked.filter((word) => !word.endsWith(':'))
    asks.set(name, [...(asks.get(name) ?? []), ...list])
  }
  const aliases = new Map<string, string[]>()
  for (const line of await lines('modules.alias')) {
    const [keyword, alias = '', name = ''] = words(line)
    if (keyword !== 'alias' || /[*?[]/.test(alias)) continue
    aliases.set(alias, [...(aliases.get(alias) ?? []), name])
  }
  return { needs, asks, aliases }
}

/** Debian packs each module by itself; packed together they take less, and the PC loads them faster. */
async function unpack(tree: Tree, folder: string, files: readonly string[]): Promise<void> {
  const packed = files.filter((file) => file.endsWith('.xz'))
  if (packed.length === 0) return
  await runFrom(tree, 'xz', ['--decompress', ...packed], folder)
}

async function depmod(tree: Tree, root: string): Promise<void> {
  await runFrom(tree, 'depmod', ['-b', root, tree.kernel])
}

/** What modprobe reads; the index in words is for people. */
const indexFiles =
  /^modules\.(alias|dep|symbols|builtin|builtin\.alias)\.bin$|^modules\.(softdep|order|builtin)$/

async function entriesOf(folder: string, path: string): Promise<readonly Entry[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = found
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((name) => name.startsWith('kernel/') || indexFiles.test(name))
  return Promise.all(
    files.map(async (name): Promise<Entry> => {
      const bytes = await readFile(join(folder, name))
      return { kind: 'file', path: `${path}/${name}`, mode: 0o644, bytes }
    }),
  )
}
