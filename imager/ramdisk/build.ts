/**
 * Makes the folder of boot files: kernel, ramdisk, boot programs, and `boot.json` that describes them. The ramdisk is three archives in
 * one file: the release's tools and drivers, Node, and what is ours (the agent, `/init`, the keys). A changed agent or key packs
 * only the last again.
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  type BootFile,
  type BootSet,
  bootFiles,
  bootSetFormat,
  onPc,
  parseBootSet,
} from '../../imaging/boot-set.ts'
import { type Result, refuse, right } from '../../imaging/refusal.ts'
import type { Locale, Text } from '../../specs/text.ts'
import { say } from '../../specs/text.ts'
import { finderConfig } from '../agent/boot-menu.ts'
import { type AgentSource, agentSource, type Bundle, bundleAgent } from './agent.ts'
import { type BootPrograms, readBootPrograms } from './boot-programs.ts'
import type { Entry } from './cpio.ts'
import { digestOf, sha256 } from './digest.ts'
import { hasCode, readIfThere } from './files.ts'
import { holdLock } from './lock.ts'
import { moduleEntries } from './modules.ts'
import { nodeEntries } from './node.ts'
import { debianPackages, diskFull, type Freshness } from './packages.ts'
import { keptPart, makePart, type Part } from './part.ts'
import { alwaysLoaded, diskPrograms, suite } from './recipe.ts'
import { toolEntries } from './tools.ts'
import { type Tree, unpackedTree } from './tree.ts'

export type BuildOptions = {
  /** Where the boot files go: `.proviseur/boot`. */
  readonly out: string
  /** Where packages and what was made of them are kept for the next time; several parks may share it. */
  readonly cache: string
  readonly freshness: Freshness
  readonly locale: Locale
  /** Public keys, PEM: the park's, which signs images, and the site's, which signs jobs. */
  readonly keys: { readonly park: string; readonly site: string }
  readonly agent?: AgentSource
  /** Told of each step as it begins. */
  readonly tell?: (step: Text) => void
}

export type Built = {
  readonly set: BootSet
  /** False: all was there already, and nothing was written. */
  readonly changed: boolean
}

export async function buildBootSet(options: BuildOptions): Promise<Result<Built>> {
  await mkdir(options.cache, { recursive: true })
  await mkdir(options.out, { recursive: true })
  const lock = await holdLock(join(options.cache, 'lock'))
  try {
    return await build(options)
  } catch (error) {
    if (hasCode(error, 'ENOSPC', 'EDQUOT'))
      return refuse('disk-full', ...diskFull(options.cache), String(error))
    throw error
  } finally {
    await lock.release()
  }
}

async function build(options: BuildOptions): Promise<Result<Built>> {
  const { cache, out, tell = () => undefined } = options
  tell(say('Debian packages', 'Paquets Debian'))
  const packages = await debianPackages(cache, options.freshness)
  if (!packages.ok) return packages
  const bundle = await bundleAgent(options.agent ?? agentSource)
  if (!bundle.ok) return bundle
  const recipe = await recipeDigest()
  const node = { version: process.version, sha256: sha256(await readFile(process.execPath)) }
  const release = digestOf([recipe, finderConfig, packages.value, process.versions.zstd])
  const version = digestOf([
    release,
    node,
    digestOf(bundleDigests(bundle.value)),
    options.keys,
    options.locale,
  ])

  const there = await bootSetIn(out)
  if (there?.version === version) return right({ set: there, changed: false })

  tell(say('Unpacking', 'Décompression'))
  const tree = await unpackedTree(cache, packages.value)
  if (!tree.ok) return tree
  const programs = await readBootPrograms(tree.value, cache)
  tell(say('Packing the ramdisk', 'Assemblage de l’imageur'))
  const parts = await makeParts({
    options,
    tree: tree.value,
    programs,
    bundle: bundle.value,
    release,
    node,
    version,
  })
  if (!parts.ok) return parts
  const files: Readonly<Record<BootFile, Buffer>> = {
    ...programs,
    vmlinuz: await readFile(join(tree.value.root, 'boot', `vmlinuz-${tree.value.kernel}`)),
    initrd: Buffer.concat(parts.value.map(({ bytes }) => bytes)),
  }
  const set: BootSet = {
    format: bootSetFormat,
    version,
    suite,
    kernel: tree.value.kernel,
    node: node.version,
    packages: Object.fromEntries(packages.value.map(({ name, version }) => [name, version])),
    files: describe(files),
    parts: parts.value.map(({ name, bytes, unpackedBytes }) => ({
      name,
      bytes: bytes.length,
      unpackedBytes,
    })),
  }
  await write(out, files, set)
  return right({ set, changed: true })
}

type Making = {
  readonly options: BuildOptions
  readonly tree: Tree
  readonly programs: BootPrograms
  readonly bundle: Bundle
  readonly release: string
  readonly node: { readonly sha256: string }
  readonly version: string
}

async function makeParts(making: Making): Promise<Result<readonly Part[]>> {
  const { options, tree, programs, release, node } = making
  const { cache } = options
  const [tools, runtime] = await Promise.all([
    keptPart(cache, 'tools', release, async () =>
      right([...(await toolEntries(tree)), ...(await moduleEntries(tree, cache)), ...diskEntries(programs)]),
    ),
    keptPart(cache, 'node', digestOf([release, node.sha256]), () => nodeEntries(tree, process.execPath)),
  ])
  if (!tools.ok) return tools
  if (!runtime.ok) return runtime
  return right([tools.value, runtime.value, await makePart('agent', await ownEntries(making))])
}

const diskEntries = (programs: BootPrograms): readonly Entry[] =>
  diskPrograms.map((name) => textless(`${onPc.bootFolder}/${name}`, programs[name]))

/** What is ours: small, and the only part that differs from park to park. */
async function ownEntries({ options, bundle, version }: Making): Promise<readonly Entry[]> {
  const folders = ['proc', 'sys', 'dev', 'run', 'tmp', 'mnt', 'root', 'var/lib', 'var/tmp']
  return [
    ...folders.map((path): Entry => ({ kind: 'folder', path, mode: path.endsWith('tmp') ? 0o1777 : 0o755 })),
    // Debian's own programs are started by names from before the merging, too.
    ...['bin', 'sbin', 'lib', 'lib64'].map((path): Entry => ({ kind: 'link', path, target: `usr/${path}` })),
    { kind: 'device', path: 'dev/console', mode: 0o600, major: 5, minor: 1 },
    { kind: 'link', path: 'etc/mtab', target: '/proc/self/mounts' },
    { kind: 'file', path: 'init', mode: 0o755, bytes: await readFile(rootFile('init')) },
    { kind: 'file', path: 'usr/lib/proviseur/dhcp', mode: 0o755, bytes: await readFile(rootFile('dhcp')) },
    textless(onPc.agent, bundle.main),
    textless(onPc.agent.replace('main.js', 'worker.js'), bundle.worker),
    text('/usr/lib/proviseur/package.json', '{"type":"module"}\n'),
    text('/etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n'),
    text('/etc/group', 'root:x:0:\n'),
    text('/etc/hosts', '127.0.0.1 localhost\n'),
    text('/etc/proviseur/modules', `${alwaysLoaded.join('\n')}\n`),
    text(onPc.parkKey, options.keys.park),
    text(onPc.siteKey, options.keys.site),
    text(onPc.version, `${version}\n`),
    text(onPc.locale, `${options.locale}\n`),
  ]
}

const textless = (path: string, bytes: Uint8Array): Entry => ({
  kind: 'file',
  path: path.slice(1),
  mode: 0o644,
  bytes,
})

const text = (path: string, content: string): Entry => textless(path, Buffer.from(content))

const here = fileURLToPath(new URL('.', import.meta.url))
const rootFile = (name: string): string => join(here, 'root', name)

/** Of the recipe itself: what was made by another one is made anew. */
async function recipeDigest(): Promise<string> {
  const found = await readdir(here, { recursive: true, withFileTypes: true })
  const files = found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const digests = files.sort().map(async (file) => [file.slice(here.length), sha256(await readFile(file))])
  return digestOf(await Promise.all(digests))
}

const bundleDigests = ({ main, worker }: Bundle): readonly string[] => [sha256(main), sha256(worker)]

const describe = (files: Readonly<Record<BootFile, Buffer>>): BootSet['files'] => {
  const described = (name: BootFile) => ({ bytes: files[name].length, sha256: sha256(files[name]) })
  return {
    vmlinuz: described('vmlinuz'),
    initrd: described('initrd'),
    'shimx64.efi': described('shimx64.efi'),
    'grubx64.efi': described('grubx64.efi'),
    'mmx64.efi': described('mmx64.efi'),
    'grubx64-disk.efi': described('grubx64-disk.efi'),
    'undionly.kpxe': described('undionly.kpxe'),
    'snponly.efi': described('snponly.efi'),
    'boot.img': described('boot.img'),
    'core.img': described('core.img'),
  }
}

/** The set in a folder, if all its files are as it says. */
export async function bootSetIn(folder: string): Promise<BootSet | undefined> {
  const description = await readIfThere(join(folder, 'boot.json'))
  const set = description === undefined ? undefined : parseBootSet(description.toString('utf8'))
  if (set === undefined) return undefined
  for (const name of bootFiles) {
    const bytes = await readIfThere(join(folder, name))
    if (bytes === undefined || sha256(bytes) !== set.files[name].sha256) return undefined
  }
  return set
}

/**
 * A PC may be fetching any of these right now: each file is replaced as a whole, and the description goes first and comes last, so that
 * a set in between does not pass for a whole one.
 */
async function write(out: string, files: Readonly<Record<BootFile, Buffer>>, set: BootSet): Promise<void> {
  await rm(join(out, 'boot.json'), { force: true })
  for (const name of bootFiles) await replace(join(out, name), files[name])
  await replace(join(out, 'boot.json'), Buffer.from(`${JSON.stringify(set, null, 2)}\n`))
}

async function replace(path: string, bytes: Uint8Array): Promise<void> {
  const draft = `${path}.draft`
  await writeFile(draft, bytes)
  await rename(draft, path)
}
