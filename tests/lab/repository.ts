/**
 * The lab's own package repository: real .deb files made by dpkg-deb, an index as apt reads it, several versions side by side,
 * and a server that can be slow, cut downloads short, or be away. It is the only repository that the lab's PCs know.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { GROUND, type Ground } from './ground.ts'
import type { Fault, Served, ServerMessage } from './repository-server.ts'

export type { Fault, Served } from './repository-server.ts'

/** Maintainer scripts are bodies of /bin/sh scripts, run with `set -e`. */
export type PackageOptions = {
  readonly depends?: string
  readonly preDepends?: string
  readonly conflicts?: string
  readonly provides?: string
  readonly replaces?: string
  readonly preinst?: string
  readonly postinst?: string
  readonly prerm?: string
  readonly postrm?: string
  /** Absolute path → content. Without any, the package has `/usr/share/<name>/version`. */
  readonly files?: Readonly<Record<string, string>>
  readonly conffiles?: readonly string[]
  /** Makes the .deb at least this big, with bytes that do not compress: for slow and broken downloads. */
  readonly sizeBytes?: number
}

export type Repository = {
  /** What stands in a PC's sources.list: one line. */
  readonly source: string
  /** Makes the package and puts it into the index; a second time with the same name and version replaces it. */
  readonly publish: (name: string, version: string, options?: PackageOptions) => Promise<void>
  /** Takes one version, or all, out of the index. */
  readonly withdraw: (name: string, version?: string) => Promise<void>
  /** From now on; `{ kind: 'none' }` heals it. Resolves when it is in force. */
  readonly fault: (fault: Fault) => Promise<void>
  /** Downloads that ended so far, in their order. */
  readonly served: () => readonly Served[]
  /** Where a published package's file lies, inside the lab. */
  readonly file: (name: string, version: string) => string
}

type Entry = { readonly name: string; readonly version: string; readonly stanza: string }

export async function openRepository(ground: Ground, address: string): Promise<Repository> {
  const entries = new Map<string, Entry>()
  const log: Served[] = []
  const server = startServer(ground, address)
  server.on('message', (message: ServerMessage) => {
    if (message.kind === 'served') log.push(message.served)
  })
  const port = await listening(server)
  const key = (name: string, version: string): string => `${name}_${version.replace(':', '_')}_all.deb`
  // The index is one file: whoever publishes next waits for the one before.
  let turn: Promise<void> = Promise.resolve()
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const mine = turn.then(work)
    turn = mine.catch(() => undefined)
    return mine
  }
  await writeIndex(ground, [])
  return {
    source: `deb [trusted=yes] http://${address}:${port}/ ./`,
    file: (name, version) => `${GROUND}/repository/pool/${key(name, version)}`,
    publish: (name, version, options = {}) =>
      inTurn(async () => {
        const stanza = await buildPackage(ground, name, version, options, key(name, version))
        entries.set(key(name, version), { name, version, stanza })
        await writeIndex(ground, [...entries.values()])
      }),
    withdraw: (name, version) =>
      inTurn(async () => {
        for (const [at, entry] of entries)
          if (entry.name === name && (version === undefined || entry.version === version)) entries.delete(at)
        await writeIndex(ground, [...entries.values()])
      }),
    fault: async (fault) => {
      const answered = new Promise<void>((resolve) => {
        const hear = (message: ServerMessage): void => {
          if (message.kind !== 'fault') return
          server.off('message', hear)
          resolve()
        }
        server.on('message', hear)
      })
      server.send(fault)
      await answered
    },
    served: () => [...log],
  }
}

function startServer(ground: Ground, address: string): ChildProcess {
  const [command, ...prefix] = ground.enter
  const program = fileURLToPath(new URL('repository-server.ts', import.meta.url))
  return spawn(command, [...prefix, process.execPath, program, address, `${GROUND}/repository`], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
}

async function listening(server: ChildProcess): Promise<number> {
  const failed = once(server, 'exit').then(([code]) => {
    throw new Error(`the lab's package server ended at once (${code})`)
  })
  const [message]: ServerMessage[] = await Promise.race([once(server, 'message'), failed])
  if (message?.kind !== 'listening') throw new Error('the package server did not say where it listens')
  failed.catch(() => undefined)
  return message.port
}

/** Builds `pool/<file>` and returns its paragraph of the index (deb-control(5), with apt's own fields after it). */
async function buildPackage(
  ground: Ground,
  name: string,
  version: string,
  options: PackageOptions,
  file: string,
): Promise<string> {
  const tree = `build/${file}`
  const control = [
    `Package: ${name}`,
    `Version: ${version}`,
    'Architecture: all',
    'Maintainer: Lycée <informatique@lycee.invalid>',
    ...field('Depends', options.depends),
    ...field('Pre-Depends', options.preDepends),
    ...field('Conflicts', options.conflicts),
    ...field('Provides', options.provides),
    ...field('Replaces', options.replaces),
    `Description: ${name}, for the lab`,
    '',
  ].join('\n')
  const put = async (path: string, content: string | Buffer, mode = 0o644): Promise<void> => {
    const at = ground.path(join(tree, path))
    await mkdir(dirname(at), { recursive: true })
    await writeFile(at, content)
    await chmod(at, mode)
  }
  await rm(ground.path(tree), { recursive: true, force: true })
  await put('DEBIAN/control', control)
  if (options.conffiles !== undefined) await put('DEBIAN/conffiles', `${options.conffiles.join('\n')}\n`)
  for (const script of ['preinst', 'postinst', 'prerm', 'postrm'] as const) {
    const body = options[script]
    if (body !== undefined) await put(`DEBIAN/${script}`, `#!/bin/sh\nset -e\n${body}\n`, 0o755)
  }
  const files = options.files ?? { [`/usr/share/${name}/version`]: `${version}\n` }
  for (const [path, content] of Object.entries(files)) await put(path, content)
  if (options.sizeBytes !== undefined) await put(`usr/share/${name}/data`, randomBytes(options.sizeBytes))

  const draft = `${GROUND}/build/${file}.deb`
  await ground.must([
    'dpkg-deb',
    '--root-owner-group',
    '-Zgzip',
    '-z1',
    '--build',
    `${GROUND}/${tree}`,
    draft,
  ])
  await mkdir(ground.path('repository/pool'), { recursive: true })
  await rename(ground.path(`build/${file}.deb`), ground.path(`repository/pool/${file}`))
  await rm(ground.path(tree), { recursive: true })
  const bytes = await readFile(ground.path(`repository/pool/${file}`))
  return `${control}Filename: ./pool/${file}\nSize: ${bytes.length}\nSHA256: ${sha256(bytes)}\n`
}

const field = (name: string, value: string | undefined): readonly string[] =>
  value === undefined ? [] : [`${name}: ${value}`]

/** A flat repository's two files; the Release's checksums are what lets apt tell a new index from the one it has. */
async function writeIndex(ground: Ground, entries: readonly Entry[]): Promise<void> {
  const packages = Buffer.from(entries.map((entry) => entry.stanza).join('\n'))
  const release = [
    'Origin: Lab',
    'Label: Lab',
    'Suite: stable',
    'Codename: lab',
    'Architectures: all amd64 arm64',
    `Date: ${new Date().toUTCString()}`,
    'SHA256:',
    ` ${sha256(packages)} ${packages.length} Packages`,
    '',
  ].join('\n')
  for (const [name, content] of [
    ['Packages', packages],
    ['Release', release],
  ] as const) {
    const at = ground.path(`repository/${name}`)
    await writeFile(`${at}.new`, content)
    await rename(`${at}.new`, at)
  }
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
