/** The packages unpacked side by side: no script of theirs is run, and nothing of it but its programs for the recipe is ever started. */
import { mkdir, readdir, readlink, rename, rm, stat, symlink } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { runProgram } from '../../imaging/program.ts'
import { type Result, refuse, right } from '../../imaging/refusal.ts'
import { digestOf } from './digest.ts'
import { hasCode } from './files.ts'
import { lastWords } from './last-words.ts'
import { type DebianPackage, diskFull, packageFolder } from './packages.ts'

export type Tree = {
  readonly root: string
  /** Of the packages in it. */
  readonly digest: string
  /** Release of the kernel: `6.12.90+deb13-amd64`. */
  readonly kernel: string
}

const programFolders = ['usr/bin', 'usr/sbin'] as const
const libraryFolder = 'usr/lib/x86_64-linux-gnu'

/** In `<cache>/tree/<digest>`, which is kept for the next time; those of other packages are removed. */
export async function unpackedTree(cache: string, packages: readonly DebianPackage[]): Promise<Result<Tree>> {
  const digest = digestOf(packages.map(({ name, sha256 }) => [name, sha256]))
  const folder = join(cache, 'tree')
  const root = join(folder, digest.slice(0, 16))
  await mkdir(folder, { recursive: true })
  for (const other of await readdir(folder))
    if (join(folder, other) !== root) await rm(join(folder, other), { recursive: true })
  if (!(await isThere(root))) {
    const draft = `${root}.draft`
    const unpacked = await unpack(cache, packages, draft)
    if (!unpacked.ok) return unpacked
    await rename(draft, root)
  }
  const [kernel] = await readdir(join(root, 'usr/lib/modules'))
  if (kernel === undefined) throw new Error(`no kernel's modules in ${root}`)
  return right({ root, digest, kernel })
}

async function unpack(
  cache: string,
  packages: readonly DebianPackage[],
  draft: string,
): Promise<Result<undefined>> {
  await mkdir(join(draft, 'usr'), { recursive: true })
  // Some packages still name the folders that the release has merged into usr/.
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    await mkdir(join(draft, 'usr', name))
    await symlink(`usr/${name}`, join(draft, name))
  }
  for (const { file } of packages) {
    const script = 'dpkg-deb --fsys-tarfile "$1" | tar -x --keep-directory-symlink --no-same-owner -C "$2"'
    // dash knows no pipefail; a package cut short makes tar fail too.
    const ran = await runProgram('sh', ['-c', script, 'unpack', join(packageFolder(cache), file), draft])
    if (!ran.ok) return ran
    if (ran.value.exitCode === 0) continue
    if (/No space left on device/.test(ran.value.stderr))
      return refuse('disk-full', ...diskFull(cache), lastWords(ran.value))
    throw new Error(`${file} cannot be unpacked: ${lastWords(ran.value)}`)
  }
  return right(undefined)
}

/** Where the tree has a program or library, relative to its root; undefined: nowhere. */
export async function findProgram(tree: Tree, name: string): Promise<string | undefined> {
  for (const folder of programFolders)
    if (await isThere(join(tree.root, folder, name))) return posix.join(folder, name)
  return undefined
}

export async function findLibrary(tree: Tree, name: string): Promise<string | undefined> {
  const path = posix.join(libraryFolder, name)
  return (await isThere(join(tree.root, path))) ? path : undefined
}

/** What a link says, as a path relative to the tree's root; undefined: it is no link. */
export async function linkTarget(
  tree: Tree,
  path: string,
): Promise<{ readonly text: string; readonly path: string } | undefined> {
  try {
    const text = await readlink(join(tree.root, path))
    // Relative to the folder as it is after merging: /sbin is usr/sbin.
    const target = posix.isAbsolute(text) ? text : posix.join('/', posix.dirname(path), text)
    return { text, path: merged(posix.normalize(target).slice(1)) }
  } catch (error) {
    if (hasCode(error, 'EINVAL')) return undefined
    throw error
  }
}

const merged = (path: string): string => path.replace(/^(bin|sbin|lib|lib64)\//, 'usr/$1/')

/**
 * Runs one of the tree's own programs with the tree's own loader and libraries: the host's versions do not matter. What it prints;
 * that it fails is a bug of the recipe.
 */
export async function runFrom(
  tree: Tree,
  program: string,
  args: readonly string[],
  cwd = tree.root,
): Promise<string> {
  const path = await findProgram(tree, program)
  if (path === undefined) throw new Error(`the packages have no ${program}`)
  const libraries = join(tree.root, libraryFolder)
  const loader = join(libraries, 'ld-linux-x86-64.so.2')
  const ran = await runProgram(loader, ['--library-path', libraries, join(tree.root, path), ...args], { cwd })
  if (!ran.ok) throw new Error(ran.message.en)
  if (ran.value.exitCode !== 0) throw new Error(`${program}: ${lastWords(ran.value)}`)
  return ran.value.stdout.toString()
}

/** A link counts whether or not what it names is there. */
async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    if (!hasCode(error, 'ENOENT', 'ENOTDIR')) throw error
    return false
  }
}
