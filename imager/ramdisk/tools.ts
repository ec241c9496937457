/** Programs out of the package tree, each with the libraries that it needs, as entries of the ramdisk. */
import { lstat, readdir, readFile } from 'node:fs/promises'
import { join, posix } from 'node:path'
import type { Entry } from './cpio.ts'
import { interpreterOf, isElf, neededLibraries } from './elf.ts'
import { hasCode } from './files.ts'
import { firmwareFolders, libraries, plainFiles, programs } from './recipe.ts'
import { findLibrary, findProgram, linkTarget, runFrom, type Tree } from './tree.ts'

/** The ramdisk's programs, busybox's names for itself among them, and files that they read. */
export async function toolEntries(tree: Tree): Promise<readonly Entry[]> {
  const taken = new Map<string, Entry>()
  for (const name of programs) {
    const path = await findProgram(tree, name)
    if (path === undefined) throw new Error(`the packages have no ${name}`)
    await take(tree, path, taken)
  }
  for (const name of libraries) await takeLibrary(tree, name, taken)
  for (const path of plainFiles) await takeAll(tree, path, taken)
  for (const path of firmwareFolders) if (await exists(tree, path)) await takeAll(tree, path, taken)
  for (const link of await busyboxLinks(tree, taken)) taken.set(link.path, link)
  return [...taken.values()]
}

/** Libraries that a program from elsewhere needs; `missing` are those that the release does not have. */
export async function librariesOf(
  tree: Tree,
  program: Buffer,
): Promise<{ readonly entries: readonly Entry[]; readonly missing: readonly string[] }> {
  const taken = new Map<string, Entry>()
  const missing: string[] = []
  for (const name of neededLibraries(program)) if (!(await takeLibrary(tree, name, taken))) missing.push(name)
  return { entries: [...taken.values()], missing }
}

/** A file with what it links to or loads, all the way down. */
async function take(tree: Tree, path: string, taken: Map<string, Entry>): Promise<void> {
  if (taken.has(path)) return
  const link = await linkTarget(tree, path)
  if (link !== undefined) {
    taken.set(path, { kind: 'link', path, target: link.text })
    return take(tree, link.path, taken)
  }
  const { mode } = await lstat(join(tree.root, path))
  const bytes = await readFile(join(tree.root, path))
  // Nobody but root is in the ramdisk: bits that lend rights are for nothing there.
  taken.set(path, { kind: 'file', path, mode: mode & 0o111 ? 0o755 : 0o644, bytes })
  if (!isElf(bytes)) return
  const interpreter = interpreterOf(bytes)
  if (interpreter !== undefined) await take(tree, posix.join('usr', interpreter), taken)
  for (const name of neededLibraries(bytes))
    if (!(await takeLibrary(tree, name, taken)))
      throw new Error(`${path} needs ${name}, which no package has`)
}

async function takeLibrary(tree: Tree, name: string, taken: Map<string, Entry>): Promise<boolean> {
  const path = await findLibrary(tree, name)
  if (path === undefined) return false
  await take(tree, path, taken)
  return true
}

async function takeAll(tree: Tree, path: string, taken: Map<string, Entry>): Promise<void> {
  if (!(await lstat(join(tree.root, path))).isDirectory()) return take(tree, path, taken)
  for (const name of (await readdir(join(tree.root, path))).sort())
    await takeAll(tree, posix.join(path, name), taken)
}

async function exists(tree: Tree, path: string): Promise<boolean> {
  try {
    await lstat(join(tree.root, path))
    return true
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false
    throw error
  }
}

/** One name for each thing that busybox can be, but where there is a real program of that name. */
async function busyboxLinks(
  tree: Tree,
  taken: ReadonlyMap<string, Entry>,
): Promise<readonly Extract<Entry, { kind: 'link' }>[]> {
  const names = await runFrom(tree, 'busybox', ['--list'])
  return names
    .split('\n')
    .filter((name) => name !== '' && !taken.has(`usr/bin/${name}`) && !taken.has(`usr/sbin/${name}`))
    .map((name) => ({ kind: 'link', path: `usr/bin/${name}`, target: 'busybox' }))
}
